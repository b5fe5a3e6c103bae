import { createPrivateKey, createPublicKey } from 'node:crypto';

import { encodeOctetString, encodeOid, encodeSequence, encodeSmallInteger, Oid } from '@touchmark/der';

import type { TestKey } from './test-pki.js';

/** The Ed25519 key whose seed is this number in 32 octets: made at once, signs at once, and the same octets in every run. */
export function fixedKey(n: number): TestKey {
  const seed = new Uint8Array(32).fill(n);
  const pkcs8 = encodeSequence(
    encodeSmallInteger(0),
    encodeSequence(encodeOid(Oid.ed25519)),
    encodeOctetString(encodeOctetString(seed)),
  );
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const subjectPublicKeyInfo = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { kind: 'Ed25519', privateKey, subjectPublicKeyInfo: new Uint8Array(subjectPublicKeyInfo) };
}
