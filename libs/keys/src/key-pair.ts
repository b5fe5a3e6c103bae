import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { KeysError } from './errors.js';

/** Keys that we make for issuers and services, by the names that WebCrypto gives their curves. */
export type KeyKind = 'P-256' | 'P-384' | 'Ed25519';

/** A fresh key pair in DER. */
export interface GeneratedKeyPair {
  /** PrivateKeyInfo, in clear: to be encrypted, then overwritten. */
  readonly pkcs8: Uint8Array;
  readonly subjectPublicKeyInfo: Uint8Array;
}

/** Makes a key pair with node:crypto, which draws the randomness itself. */
export function generateKeyPair(kind: KeyKind): GeneratedKeyPair {
  const publicKeyEncoding = { format: 'der', type: 'spki' } as const;
  const privateKeyEncoding = { format: 'der', type: 'pkcs8' } as const;
  const { privateKey, publicKey } =
    kind === 'Ed25519'
      ? generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding })
      : generateKeyPairSync('ec', { namedCurve: kind, publicKeyEncoding, privateKeyEncoding });
  return { pkcs8: privateKey, subjectPublicKeyInfo: publicKey };
}

/** Private key of a DER PrivateKeyInfo. Code KEY_MALFORMED. */
export function importPkcs8(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({
      key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length),
      format: 'der',
      type: 'pkcs8',
    });
  } catch (error) {
    throw new KeysError('KEY_MALFORMED', {}, error);
  }
}

/** DER SubjectPublicKeyInfo that belongs to a private key. */
export function subjectPublicKeyInfoOf(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
}
