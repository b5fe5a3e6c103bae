import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { accessJwk } from '@touchmark/server';
import { publishAccessJwk, type Queryable } from '@touchmark/store';

/** Where the private key of access tokens lies: encrypted, outside the database, in this process's secrets folder. */
export interface AccessKeyStore {
  /** The private JWK, or undefined where none was written yet. */
  read(): Promise<JsonWebKey | undefined>;
  /** Keeps a new one. Where another process was faster, that one's stays: the caller reads again. */
  write(privateJwk: JsonWebKey): Promise<void>;
}

/** What access tokens are signed with. `kid` is the RFC 7638 thumbprint of the public key. */
export interface AccessKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** Opens the ES256 key, making it at first start, and publishes its public half for whoever checks tokens. */
export async function openAccessKey(keys: AccessKeyStore, db: Queryable): Promise<AccessKey> {
  const jwk = (await keys.read()) ?? (await makeKey(keys));
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const publicJwk = await accessJwk(createPublicKey(privateKey));
  await publishAccessJwk(db, publicJwk.kid, publicJwk);
  return { kid: publicJwk.kid, privateKey };
}

async function makeKey(keys: AccessKeyStore): Promise<JsonWebKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await keys.write(privateKey.export({ format: 'jwk' }));
  const kept = await keys.read();
  if (!kept) throw new TypeError('the key store did not keep the key');
  return kept;
}
