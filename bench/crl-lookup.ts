import { randomFillSync } from 'node:crypto';

import { encodeCertificateList, type RevokedColumns } from '@touchmark/issuance';

import { HeldCrl } from '../libs/verifier/src/revocation/crl/held-crl.js';
import { benchIssuer } from './bench-authority.js';
import { median } from './median.js';
import { report } from './report.js';

const ENTRIES = 1_000_000;
const SERIAL_NUMBER_LENGTH = 16;
const ROUNDS = 5;
const LOOKUPS = 200_000;

/**
 * Row `crl-lookup` of the table in docs/performance.md: a CRL of a million entries is read and its entries are indexed; then random
 * serial numbers are looked up, half of them listed. Time, and growth of RSS beyond the CRL's own octets.
 */
export async function run(): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const issuer = await benchIssuer('ldevid', now);
  const small = await makeCrl(issuer, randomSerials(1000), now);
  // So that code is compiled before memory is measured.
  for (let i = 0; i < 20; i++) indexed(small.slice(), issuer.certificate.subject);

  const serials = randomSerials(ENTRIES);
  const der = (await makeCrl(issuer, serials, now)).slice();
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const times: number[] = [];
  const busy: number[] = [];
  let crl: HeldCrl | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    const usage = process.cpuUsage();
    crl = indexed(der, issuer.certificate.subject);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    busy.push(process.cpuUsage(usage).user / 1000);
    if (round === 0) reportGrowth(process.memoryUsage.rss() - before, der.length);
  }
  if (crl === undefined) throw new TypeError('no round');
  report({
    bench: 'crl-lookup',
    value: median(times),
    unit: 'ms',
    entries: ENTRIES,
    firstMs: Math.round(times[0] ?? Number.NaN),
    processorMs: Math.round(median(busy)),
  });
  reportLookups(crl, serials, issuer.certificate.subject);
}

type Issuer = Parameters<typeof encodeCertificateList>[0]['issuer'];

function indexed(der: Uint8Array, issuer: Uint8Array): HeldCrl {
  const crl = new HeldCrl(der);
  crl.lookup(Uint8Array.of(1), issuer);
  return crl;
}

function reportGrowth(rss: number, octets: number): void {
  report({ bench: 'crl-lookup memory', value: rss / ENTRIES, unit: 'octets/entry', crlOctets: octets });
}

function reportLookups(crl: HeldCrl, serials: Uint8Array, issuer: Uint8Array): void {
  const asked = Array.from({ length: LOOKUPS }, (_, i) => {
    const at = ((i * 7919) % ENTRIES) * SERIAL_NUMBER_LENGTH;
    const serial = serials.slice(at, at + SERIAL_NUMBER_LENGTH);
    // every other one is listed nowhere
    if (i % 2 === 1) randomFillSync(serial, 1);
    return serial;
  });
  let found = 0;
  const start = process.hrtime.bigint();
  for (const serial of asked) if (crl.lookup(serial, issuer) !== undefined) found++;
  const ns = Number(process.hrtime.bigint() - start) / LOOKUPS;
  if (found !== LOOKUPS / 2) throw new Error(`${found} entries found, of ${LOOKUPS / 2}`);
  report({ bench: 'crl-lookup find', value: ns, unit: 'ns', lookups: LOOKUPS });
}

function randomSerials(count: number): Uint8Array {
  const serials = randomFillSync(new Uint8Array(count * SERIAL_NUMBER_LENGTH));
  for (let i = 0; i < count; i++) serials[i * SERIAL_NUMBER_LENGTH] = 0x54;
  return serials;
}

function makeCrl(issuer: Issuer, serialNumbers: Uint8Array, now: number): Promise<Uint8Array> {
  const count = serialNumbers.length / SERIAL_NUMBER_LENGTH;
  const revoked: RevokedColumns = {
    serialNumbers,
    serialNumberLength: SERIAL_NUMBER_LENGTH,
    revocationDates: new Float64Array(count).fill(now),
    reasonCodes: new Uint8Array(count).fill(1),
  };
  const distributionPoint = 'http://pki.example.com:8080/crl/17.crl';
  return encodeCertificateList({
    issuer,
    cRLNumber: 1n,
    thisUpdate: now,
    nextUpdate: now + 86_400,
    distributionPoint,
    revoked,
  });
}
