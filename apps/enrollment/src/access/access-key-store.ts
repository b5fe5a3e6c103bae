import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import path from 'node:path';
import { importPkcs8, KeyFolder, KeysError, readSecretFile, writeSecretFile } from '@touchmark/keys';
import type { RandomBytes } from '@touchmark/server';
import type { AccessKeyStore } from './access-key.js';

const KEY_ID = 'access-tokens';

/** The private key of access tokens in the enrollment process's folder of secrets, encrypted; its public key lies beside it. */
export async function accessKeyStore(folder: string, randomBytes: RandomBytes): Promise<AccessKeyStore> {
  const keys = await KeyFolder.open(folder, randomBytes);
  const publicKeyFile = path.join(folder, `${KEY_ID}.spki`);
  return {
    async read(): Promise<JsonWebKey | undefined> {
      const subjectPublicKeyInfo = await readSecretFile(publicKeyFile).catch(absent);
      if (!subjectPublicKeyInfo) return undefined;
      const pkcs8 = await keys.read(KEY_ID, subjectPublicKeyInfo);
      return importPkcs8(pkcs8).export({ format: 'jwk' });
    },
    async write(privateJwk: JsonWebKey): Promise<void> {
      const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' });
      const subjectPublicKeyInfo = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
      // the key first: a public key without its private one would be taken for a lost key
      await keys.save(KEY_ID, privateKey.export({ format: 'der', type: 'pkcs8' }), subjectPublicKeyInfo);
      await writeSecretFile(publicKeyFile, subjectPublicKeyInfo);
    },
  };
}

function absent(error: unknown): undefined {
  if (error instanceof KeysError && error.code === 'SECRET_FILE_MISSING') return undefined;
  throw error;
}
