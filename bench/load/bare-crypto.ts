import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { parseCertificationRequest } from '@touchmark/x509';

export interface BareOrder {
  readonly csrs: readonly Uint8Array[];
}

/**
 * Worker thread: the cryptography of issuing and nothing else. Import the key of the request, verify the request, sign, verify
 * the own signature. Answers the seconds that it took.
 */
const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tbs = randomBytes(620);

parentPort?.on('message', ({ csrs }: BareOrder) => {
  const requests = csrs.map((csr) => {
    const { certificationRequestInfo: info, signature, subjectPublicKeyInfo } = parseCertificationRequest(csr);
    return { info, signature, spki: Buffer.from(subjectPublicKeyInfo) };
  });
  const start = process.hrtime.bigint();
  for (const { info, signature, spki } of requests) {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const valid = verify('sha256', info, key, signature);
    const own = sign('sha256', tbs, issuer.privateKey);
    if (!valid || !verify('sha256', tbs, issuer.publicKey, own)) throw new Error('the limit failed');
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  parentPort?.postMessage(Number(process.hrtime.bigint() - start) / 1e9);
});
