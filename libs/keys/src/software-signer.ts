import { sign, type KeyObject } from 'node:crypto';
import type { Signer } from '@touchmark/issuance';
import { KeysError } from './errors.js';
import { importPkcs8, subjectPublicKeyInfoOf } from './key-pair.js';

/**
 * Where signatures are made: `inline` on the calling thread, which answers at once and blocks it for the length of a
 * signature; `pool` on libuv's threads, which answers with a promise and uses the other cores.
 */
export type SigningMode = 'inline' | 'pool';

const digests = {
  ecdsaWithSHA256: 'sha256',
  ecdsaWithSHA384: 'sha384',
  // Ed25519 hashes by itself (RFC 8032).
  ed25519: null,
} as const;

/** Signs with a private key in this process's memory: ECDSA on P-256 or P-384, or Ed25519. */
export class SoftwareSigner implements Signer {
  readonly signatureAlgorithm: keyof typeof digests;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly #privateKey: KeyObject;
  readonly #mode: SigningMode;

  /** From a DER PrivateKeyInfo. Codes KEY_MALFORMED, KEY_TYPE_UNSUPPORTED. */
  constructor(pkcs8: Uint8Array, mode: SigningMode) {
    this.#privateKey = importPkcs8(pkcs8);
    this.#mode = mode;
    this.signatureAlgorithm = signatureAlgorithmOf(this.#privateKey);
    this.subjectPublicKeyInfo = subjectPublicKeyInfoOf(this.#privateKey);
  }

  /** Contents of signatureValue over the data: ECDSA-Sig-Value in DER, or the 64 octets of Ed25519. */
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array {
    const digest = digests[this.signatureAlgorithm];
    // the key itself and no options about it: an object of options costs node:crypto 15 µs a call; DER is what it writes anyway
    if (this.#mode === 'inline') return sign(digest, data, this.#privateKey);
    return new Promise((resolve, reject) => {
      sign(digest, data, this.#privateKey, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
  }
}

function signatureAlgorithmOf(key: KeyObject): keyof typeof digests {
  const keyType = key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (keyType === 'ed25519') return 'ed25519';
  if (keyType === 'ec' && curve === 'prime256v1') return 'ecdsaWithSHA256';
  if (keyType === 'ec' && curve === 'secp384r1') return 'ecdsaWithSHA384';
  throw new KeysError('KEY_TYPE_UNSUPPORTED', { keyType: curve ?? keyType ?? 'unknown' });
}
