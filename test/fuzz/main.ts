import 'reflect-metadata';

import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { fromHex } from '@touchmark/der';

import { Campaign, type Failure } from './campaign.js';
import { examine } from './examine.js';
import { PathCampaign } from './path-campaign.js';
import { READERS } from './readers.js';
import { SourceCampaign } from './source-campaign.js';
import { VerificationCampaign } from './verification-campaign.js';

const USAGE = `usage: npm run fuzz -- [minutes] [--seed N] [--case M] [--out FOLDER]
       npm run fuzz -- --reader NAME --hex OCTETS
Runs for 5 minutes unless told otherwise. --case repeats one case of a seed, --hex one input. Findings go to FOLDER (fuzz-findings).
`;
const CASES_AT_A_TIME = 2000;
const PROGRESS_SECONDS = 10;
// One in this many cases verifies a damaged chain, others a random PKI and a damaged CRL, OCSP response or token: they cost signatures.
const CASES_PER_CHAIN = 16;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      seed: { type: 'string' },
      case: { type: 'string' },
      reader: { type: 'string' },
      hex: { type: 'string' },
      out: { type: 'string', default: 'fuzz-findings' },
    },
    allowPositionals: true,
  });
  if (values.hex !== undefined) return repeatInput(values.reader, values.hex);
  const minutes = Number(positionals[0] ?? 5);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const only = values.case === undefined ? undefined : Number(values.case);
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(only ?? 0)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const run = await load();
  if (only !== undefined) return report(run(seed, only), values.out) ? 1 : 0;
  return fuzz(run, { seed, minutes, out: values.out });
}

type RunCase = (seed: number, index: number) => Failure | undefined;

async function load(): Promise<RunCase> {
  const readers = await Campaign.load();
  const chains = new VerificationCampaign();
  const paths = new PathCampaign();
  const sources = new SourceCampaign();
  return (seed, index) => {
    const kind = index % CASES_PER_CHAIN;
    const campaign = [chains, paths, sources][kind] ?? readers;
    return campaign.run(seed, index);
  };
}

function fuzz(run: RunCase, o: { seed: number; minutes: number; out: string }): number {
  const end = performance.now() + o.minutes * 60_000;
  let next = performance.now();
  let cases = 0;
  let failures = 0;
  while (performance.now() < end) {
    if (performance.now() >= next) {
      process.stdout.write(`seed ${o.seed}: ${cases} cases, ${failures} findings\n`);
      next += PROGRESS_SECONDS * 1000;
    }
    for (const stop = cases + CASES_AT_A_TIME; cases < stop; cases++) {
      failures += report(run(o.seed, cases), o.out) ? 1 : 0;
    }
  }
  process.stdout.write(`${JSON.stringify({ seed: o.seed, cases, findings: failures })}\n`);
  return failures === 0 ? 0 : 1;
}

function report(failure: Failure | undefined, folder: string): boolean {
  if (failure === undefined) return false;
  const again = `npm run fuzz -- --seed ${failure.seed} --case ${failure.case}`;
  process.stdout.write(`${failure.reader}, ${failure.sample}: ${failure.why}\n  ${again}\n  ${failure.hex}\n`);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${failure.seed}-${failure.case}.json`);
  writeFileSync(file, `${JSON.stringify({ ...failure, again }, undefined, 2)}\n`);
  return true;
}

function repeatInput(name: string | undefined, hex: string): number {
  const reader = READERS.find((one) => one.name === name);
  if (reader === undefined) {
    process.stderr.write(`${USAGE}readers: ${READERS.map((one) => one.name).join(', ')}\n`);
    return 2;
  }
  process.stdout.write(examine(reader, fromHex(hex)) ? 'accepted\n' : 'refused\n');
  return 0;
}
