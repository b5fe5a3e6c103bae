import { KEY_ENCRYPTION_KEY_LENGTH, decryptPrivateKey, encryptPrivateKey, type KeyIdentity } from './encrypted-key.js';
import { KeysError } from './errors.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';
import { SoftwareSigner, type SigningMode } from './software-signer.js';

/** Reads a key-encryption key: a file of 32 octets, mode 0600. Codes of the file, KEY_ENCRYPTION_KEY_MALFORMED. */
export async function readKeyEncryptionKey(path: string): Promise<Uint8Array> {
  const key = await readSecretFile(path);
  if (key.length !== KEY_ENCRYPTION_KEY_LENGTH) throw new KeysError('KEY_ENCRYPTION_KEY_MALFORMED', { path });
  return key;
}

/** Stores 32 random octets as a new key-encryption key. Code SECRET_FILE_EXISTS: losing one loses every key under it. */
export async function writeKeyEncryptionKey(path: string, key: Uint8Array): Promise<void> {
  if (key.length !== KEY_ENCRYPTION_KEY_LENGTH) throw new TypeError('a key-encryption key is 32 octets');
  await writeSecretFile(path, key);
}

/** Encrypts a PKCS #8 private key into a new file. Codes of the key and of the file; an existing file is kept. */
export async function writeEncryptedKey(
  path: string,
  pkcs8: Uint8Array,
  identity: KeyIdentity,
  keyEncryptionKey: Uint8Array,
): Promise<void> {
  const jwe = await encryptPrivateKey(pkcs8, identity, keyEncryptionKey);
  await writeSecretFile(path, Buffer.from(`${jwe}\n`, 'latin1'));
}

/** PKCS #8 private key of a file, once it is proven to be the expected one. Codes of the key and of the file. */
export async function readEncryptedKey(
  path: string,
  expected: KeyIdentity,
  keyEncryptionKey: Uint8Array,
): Promise<Uint8Array> {
  const jwe = Buffer.from(await readSecretFile(path)).toString('latin1');
  return decryptPrivateKey(jwe, expected, keyEncryptionKey);
}

/** A signer with the key of a file. The key's clear octets are overwritten once it is imported. */
export async function openSoftwareSigner(
  path: string,
  expected: KeyIdentity,
  keyEncryptionKey: Uint8Array,
  mode: SigningMode,
): Promise<SoftwareSigner> {
  const pkcs8 = await readEncryptedKey(path, expected, keyEncryptionKey);
  try {
    return new SoftwareSigner(pkcs8, mode);
  } finally {
    pkcs8.fill(0);
  }
}
