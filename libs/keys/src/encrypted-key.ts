import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { KeysError } from './errors.js';
import { importPkcs8, subjectPublicKeyInfoOf } from './key-pair.js';

/** Octets of a key-encryption key: AES-256. */
export const KEY_ENCRYPTION_KEY_LENGTH = 32;

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';
const CONTENT_TYPE = 'application/pkcs8';

/** Whose key it is. Both are bound to the ciphertext as additional authenticated data. */
export interface KeyIdentity {
  readonly authorityId: string;
  /** DER SubjectPublicKeyInfo. */
  readonly subjectPublicKeyInfo: Uint8Array;
}

/**
 * Encrypts a PKCS #8 private key as JWE compact serialization (RFC 7516): `dir` with A256GCM under the key-encryption
 * key, the identity in the protected header. The nonce is drawn by jose: one given from outside could be used twice.
 * Code KEY_MISMATCH when the private key does not belong to the identity's public key, KEY_MALFORMED when it is none.
 */
export async function encryptPrivateKey(
  pkcs8: Uint8Array,
  identity: KeyIdentity,
  keyEncryptionKey: Uint8Array,
): Promise<string> {
  checkKeyEncryptionKey(keyEncryptionKey);
  checkBelongs(pkcs8, identity);
  return new CompactEncrypt(pkcs8)
    .setProtectedHeader({
      alg: ALGORITHM,
      enc: ENCRYPTION,
      cty: CONTENT_TYPE,
      authorityId: identity.authorityId,
      subjectPublicKeyInfo: Buffer.from(identity.subjectPublicKeyInfo).toString('base64url'),
    })
    .encrypt(keyEncryptionKey);
}

/**
 * Decrypts what {@link encryptPrivateKey} made, and makes sure that it is the expected key: the header names the
 * authority and public key, and the decrypted private key belongs to that public key. Returns the DER PrivateKeyInfo,
 * for the caller to overwrite after use. Codes KEY_MALFORMED, KEY_NOT_AUTHENTIC, KEY_OF_ANOTHER_AUTHORITY, KEY_MISMATCH.
 */
export async function decryptPrivateKey(
  jwe: string,
  expected: KeyIdentity,
  keyEncryptionKey: Uint8Array,
): Promise<Uint8Array> {
  checkKeyEncryptionKey(keyEncryptionKey);
  const { authorityId } = expected;
  const { plaintext, protectedHeader } = await decrypt(jwe, authorityId, keyEncryptionKey);
  try {
    if (protectedHeader.cty !== CONTENT_TYPE) throw new KeysError('KEY_MALFORMED', { authorityId });
    if (protectedHeader['authorityId'] !== authorityId)
      throw new KeysError('KEY_OF_ANOTHER_AUTHORITY', { authorityId });
    const named = Buffer.from(expected.subjectPublicKeyInfo).toString('base64url');
    if (protectedHeader['subjectPublicKeyInfo'] !== named) throw new KeysError('KEY_MISMATCH', { authorityId });
    checkBelongs(plaintext, expected);
    return plaintext;
  } catch (error) {
    plaintext.fill(0);
    throw error;
  }
}

async function decrypt(jwe: string, authorityId: string, keyEncryptionKey: Uint8Array) {
  try {
    return await compactDecrypt(jwe.trim(), keyEncryptionKey, {
      keyManagementAlgorithms: [ALGORITHM],
      contentEncryptionAlgorithms: [ENCRYPTION],
    });
  } catch (error) {
    const code = error instanceof errors.JWEDecryptionFailed ? 'KEY_NOT_AUTHENTIC' : 'KEY_MALFORMED';
    throw new KeysError(code, { authorityId }, error);
  }
}

function checkBelongs(pkcs8: Uint8Array, { authorityId, subjectPublicKeyInfo }: KeyIdentity): void {
  const own = subjectPublicKeyInfoOf(importPkcs8(pkcs8));
  if (Buffer.compare(own, subjectPublicKeyInfo) !== 0) throw new KeysError('KEY_MISMATCH', { authorityId });
}

function checkKeyEncryptionKey(key: Uint8Array): void {
  if (key.length !== KEY_ENCRYPTION_KEY_LENGTH) throw new TypeError('a key-encryption key is 32 octets');
}
