import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { median } from './median.js';
import { report } from './report.js';

const ROUNDS = 41;
const repository = path.resolve(import.meta.dirname, '../..');

const MEASURE = `
const cpu = process.cpuUsage();
const start = performance.now();
await import(process.argv[1]);
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify({ wall, processor: (user + system) / 1000 }));
`;

interface Import {
  /** Milliseconds from the call of import() to its end. */
  readonly wall: number;
  /** Milliseconds of processor time of all threads, which others on the machine disturb less. */
  readonly processor: number;
}

/** What it costs a process to import the packed module for the first time. The limit is an empty module in processes in between. */
export function run(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'touchmark-bench-'));
  try {
    execFileSync(process.execPath, [path.join(repository, 'scripts/package/main.mjs'), '--out', folder], {
      stdio: 'pipe',
    });
    const empty = path.join(folder, 'empty.mjs');
    writeFileSync(empty, 'export {};\n');
    const own: Import[] = [];
    const limits: Import[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const limit = importOf(empty);
      const ours = importOf(path.join(folder, 'verifier/index.mjs'));
      // the first round reads the files from the disk
      if (round < 0) continue;
      limits.push(limit);
      own.push(ours);
    }
    const value = median(own.map(({ wall }) => wall));
    const limit = median(limits.map(({ wall }) => wall));
    report({
      bench: 'import-verifier',
      value,
      unit: 'ms',
      limit,
      ratio: limit / value,
      fastest: Number(Math.min(...own.map(({ wall }) => wall)).toPrecision(3)),
      processorMs: Number(median(own.map(({ processor }) => processor)).toPrecision(3)),
      toReach: 15,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function importOf(file: string): Import {
  const args = ['--input-type=module', '--eval', MEASURE, pathToFileURL(file).href];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}
