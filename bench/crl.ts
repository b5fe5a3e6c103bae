import { randomFillSync } from 'node:crypto';

import { encodeCertificateList, type RevokedColumns } from '@touchmark/issuance';

import { benchIssuer } from './bench-authority.js';
import { report } from './report.js';

const ENTRIES = 1_000_000;
const SERIAL_NUMBER_LENGTH = 16;
const ROUNDS = 5;
const REASONS = [1, 3, 4, 5, 6, 9];

/** Row `crl` of the table in docs/performance.md: a CRL of a million entries, each with a reason; time, and growth of RSS. */
export async function run(): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const issuer = await benchIssuer('ldevid', now);
  const revoked = revokedColumns(now);
  // Small, so that code is compiled and lazily loaded parts are there, without touching the memory that is measured.
  await encode(issuer, slice(revoked, 20_000), now);

  const before = process.memoryUsage.rss();
  let peak = before;
  const times: number[] = [];
  let octets = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    const list = await encode(issuer, revoked, now);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    octets = list.length;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const [median = Number.NaN] = times.toSorted((a, b) => a - b).slice(times.length >> 1);
  report({
    bench: 'crl',
    value: median,
    unit: 'ms',
    entries: ENTRIES,
    octets,
    firstMs: Math.round(times[0] ?? Number.NaN),
    rssGrowthMB: Math.round((peak - before) / 1e6),
  });
}

function encode(
  issuer: Parameters<typeof encodeCertificateList>[0]['issuer'],
  revoked: RevokedColumns,
  now: number,
): Promise<Uint8Array> {
  return encodeCertificateList({
    issuer,
    cRLNumber: 1n,
    thisUpdate: now,
    nextUpdate: now + 86_400,
    distributionPoint: 'http://pki.example.com:8080/crl/17.crl',
    revoked,
  });
}

function revokedColumns(now: number): RevokedColumns {
  const serialNumbers = randomFillSync(new Uint8Array(ENTRIES * SERIAL_NUMBER_LENGTH));
  const revocationDates = new Float64Array(ENTRIES);
  const reasonCodes = new Uint8Array(ENTRIES);
  for (let i = 0; i < ENTRIES; i++) {
    serialNumbers[i * SERIAL_NUMBER_LENGTH] = 0x54;
    // Spread over two years: no two neighbours on one day.
    revocationDates[i] = now - ((i * 7919) % 63_072_000);
    reasonCodes[i] = REASONS[i % REASONS.length] ?? 1;
  }
  return { serialNumbers, serialNumberLength: SERIAL_NUMBER_LENGTH, revocationDates, reasonCodes };
}

function slice(columns: RevokedColumns, count: number): RevokedColumns {
  return {
    serialNumbers: columns.serialNumbers.subarray(0, count * SERIAL_NUMBER_LENGTH),
    serialNumberLength: SERIAL_NUMBER_LENGTH,
    revocationDates: columns.revocationDates.subarray(0, count),
    reasonCodes: columns.reasonCodes.subarray(0, count),
  };
}
