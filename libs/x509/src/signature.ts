import { type KeyObject, verify } from 'node:crypto';

import { encodeNull, encodeOid, encodeSequence, Oid, toHex } from '@touchmark/der';

import type { AlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import {
  checkKeyPolicy,
  importPublicKey,
  parseSubjectPublicKeyInfo,
  type SubjectPublicKeyInfo,
} from './subject-public-key-info.js';

interface SignatureScheme {
  /** undefined where the algorithm hashes by itself. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | undefined;
  readonly keyKind: SubjectPublicKeyInfo['kind'];
}

/** Names of the signature algorithms that we make and accept. */
export type SignatureAlgorithmName =
  | 'ecdsaWithSHA256'
  | 'ecdsaWithSHA384'
  | 'ecdsaWithSHA512'
  | 'ed25519'
  | 'sha256WithRSAEncryption'
  | 'sha384WithRSAEncryption'
  | 'sha512WithRSAEncryption';

// Each curve with the hash of its strength only, as 802.1AR and the CA/Browser Forum have it.
const SCHEMES: ReadonlyMap<SignatureAlgorithmName, SignatureScheme> = new Map([
  ['ecdsaWithSHA256', { digest: 'sha256', keyKind: 'EC P-256' }],
  ['ecdsaWithSHA384', { digest: 'sha384', keyKind: 'EC P-384' }],
  ['ecdsaWithSHA512', { digest: 'sha512', keyKind: 'EC P-521' }],
  ['ed25519', { digest: undefined, keyKind: 'Ed25519' }],
  ['sha256WithRSAEncryption', { digest: 'sha256', keyKind: 'RSA' }],
  ['sha384WithRSAEncryption', { digest: 'sha384', keyKind: 'RSA' }],
  ['sha512WithRSAEncryption', { digest: 'sha512', keyKind: 'RSA' }],
]);

// The whole AlgorithmIdentifier is compared, so parameters cannot say anything else than the RFCs allow.
const BY_DER = new Map([...SCHEMES].map(([name, scheme]) => [toHex(encodeSignatureAlgorithm(name)), scheme]));

/** AlgorithmIdentifier DER: parameters absent for ECDSA (RFC 5758 3.2) and Ed25519 (RFC 8410 3), NULL for RSA (RFC 4055 5). */
export function encodeSignatureAlgorithm(name: SignatureAlgorithmName): Uint8Array {
  const parameters = SCHEMES.get(name)?.keyKind === 'RSA' ? [encodeNull()] : [];
  return encodeSequence(encodeOid(Oid[name]), ...parameters);
}

export interface SignatureCheck {
  /** As read from the signed object. */
  readonly algorithm: AlgorithmIdentifier;
  /** SubjectPublicKeyInfo, DER or parsed, of who must have signed. */
  readonly subjectPublicKeyInfo: Uint8Array | SubjectPublicKeyInfo;
  /** The same key already imported, to spare the import. */
  readonly key?: KeyObject;
  /** The signed octets, for example tbsCertificate. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Whether the signature over `data` is the key's. A wrong signature is `false`; an algorithm that we never accept, one that does
 * not fit the key, and a key below policy throw X509Error, so that nobody takes "cannot tell" for an answer. Synchronous: about
 * 0.1 ms for P-256, more than 1 ms for P-384, and 0.1 ms for the import of a key that is not given.
 */
export function verifySignature(check: SignatureCheck): boolean {
  const { scheme, key } = prepare(check);
  return verify(scheme.digest ?? null, check.data, key, check.signature);
}

/** The same in libuv's thread pool. */
export async function verifySignatureInPool(check: SignatureCheck): Promise<boolean> {
  const { scheme, key } = prepare(check);
  return new Promise((resolve, reject) => {
    verify(scheme.digest ?? null, check.data, key, check.signature, (error, valid) => {
      if (error === null) resolve(valid);
      else reject(error);
    });
  });
}

function prepare(check: SignatureCheck): { scheme: SignatureScheme; key: KeyObject } {
  const { algorithm, subjectPublicKeyInfo } = check;
  const scheme = BY_DER.get(toHex(algorithm.der));
  if (scheme === undefined) throw new X509Error('SIGNATURE_ALGORITHM_UNSUPPORTED', { oid: algorithm.oid });
  const spki =
    subjectPublicKeyInfo instanceof Uint8Array ? parseSubjectPublicKeyInfo(subjectPublicKeyInfo) : subjectPublicKeyInfo;
  checkKeyPolicy(spki);
  if (spki.kind !== scheme.keyKind) throw new X509Error('SIGNATURE_ALGORITHM_KEY_MISMATCH', { oid: algorithm.oid });
  return { scheme, key: check.key ?? importPublicKey(spki.der) };
}
