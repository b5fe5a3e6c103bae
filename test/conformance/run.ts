import path from 'node:path';
import { parseArgs } from 'node:util';

import type { ConformanceSuite } from './conformance-case.js';
import { readExceptions } from './exceptions.js';
import { limboCases } from './limbo.js';
import { readLimboFile } from './limbo-file.js';
import { limboCaseOf } from './own/own-case.js';
import { ownCases } from './own/own-cases.js';
import { pkitsCases } from './pkits.js';
import { runSuite } from './report.js';

const USAGE = 'usage: npm run conformance -- limbo FILE | pkits DIR | own [--repeat TIMES]\n';

// npm starts scripts in the folder of package.json, wherever it was called.
const from = process.env['INIT_CWD'] ?? '.';

function suiteOf(name: string | undefined, where: string | undefined): ConformanceSuite | undefined {
  if (name === 'own' && where === undefined) {
    return { name, cases: limboCases(ownCases(1).map(limboCaseOf)) };
  }
  if (where === undefined) return undefined;
  const place = path.resolve(from, where);
  if (name === 'limbo') return { name, cases: limboCases(readLimboFile(place)) };
  return name === 'pkits' ? { name, cases: pkitsCases(place) } : undefined;
}

function main(): number {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { repeat: { type: 'string' } } });
  const [name, where, ...more] = positionals;
  const repeat = Number(values.repeat ?? 1);
  const suite = more.length === 0 && Number.isInteger(repeat) && repeat > 0 ? suiteOf(name, where) : undefined;
  if (suite === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const exceptions = readExceptions(path.resolve('test/conformance/exceptions.json'));
  const started = performance.now();
  const cases = Array.from({ length: repeat }, () => suite.cases).flat();
  const { lines, tally } = runSuite({ ...suite, cases }, exceptions);
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write([...lines, JSON.stringify(tally), ''].join('\n'));
  process.stderr.write(`${tally.total} cases in ${seconds.toFixed(1)} s\n`);
  return tally.disagree > 0 ? 1 : 0;
}

process.exitCode = main();
