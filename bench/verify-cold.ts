import { createPublicKey, type KeyObject, verify } from 'node:crypto';

import type { TestCertificate } from '@touchmark/testkit';

import { openVerifier, type VerifierUnderLoad } from './load/verifier.js';
import { median } from './median.js';
import { report } from './report.js';

const DEVICES = 512;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 25;

/** What the limit works on, cut up before the clock starts. */
interface Bare {
  readonly spki: Buffer;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Row `verify-cold` of the table in docs/performance.md: a leaf that was never seen, its issuing CA known, all checks and the
 * status of the path. The limit is the cryptography that nobody can leave out of a TLS connection: import the leaf's key, verify
 * the leaf's signature. Rounds of both alternate; each round's ratio is taken, and the median of these.
 */
export async function run(): Promise<void> {
  // Only the last one is remembered, so each comes as new.
  await using load = await openVerifier(DEVICES, 1);
  const issuer = createPublicKey(keyOf(load.status.ldevid));
  const bare = load.devices.map(bareOf);
  const ratios: number[] = [];
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const limit = time(() => bareVerify(bare, issuer));
    const own = time(() => verifyAll(load));
    if (round < 0) continue;
    ratios.push(limit / own);
    ours.push(own);
    limits.push(limit);
  }
  report({ bench: 'verify-cold', value: median(ours), unit: 'µs', limit: median(limits), ratio: median(ratios) });
}

function verifyAll({ verifier, devices, now }: VerifierUnderLoad): void {
  for (const { der } of devices) {
    if (!verifier.verify([der], { at: now, purpose: 'client' }).ok) throw new Error('a good certificate was refused');
  }
}

function bareVerify(all: readonly Bare[], issuer: KeyObject): void {
  for (const { spki, tbs, signature } of all) {
    createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (!verify('sha256', tbs, issuer, signature)) throw new Error('the limit failed');
  }
}

function bareOf({ certificate }: TestCertificate): Bare {
  const { subjectPublicKeyInfo, tbsCertificate, signature } = certificate;
  return { spki: Buffer.from(subjectPublicKeyInfo), tbs: tbsCertificate, signature };
}

function keyOf({ key }: TestCertificate): KeyObject {
  return key.privateKey;
}

/** Microseconds a certificate. */
function time(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1000 / DEVICES;
}
