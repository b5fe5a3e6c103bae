import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { equalBytes } from '@touchmark/der';
import type { Certificate } from '@touchmark/x509';
import { readCertificates, toPem } from '../certificates.js';
import { CliError } from '../cli-error.js';
import { moveFile, readOptionalText, replaceFile, writeNewSecret } from '../files.js';

export type KeyType = 'p256' | 'ed25519';

/** A key with the PEM that it lies in. */
export interface DeviceKey {
  readonly pem: string;
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

export interface DeviceChain {
  readonly pem: string;
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
}

/**
 * What a device keeps: `device.key` (PKCS #8, mode 0600) and `device.pem` (its certificate and the issuing CA), and while it rekeys
 * `next.key` and `next.pem`. Files are replaced whole; between the two steps of a swap a reader can meet a key and a certificate that
 * do not fit: then `next.pem` is the certificate of `device.key`, and `finishSwap` goes on from there.
 */
export class DeviceFolder {
  readonly keyFile: string;
  readonly chainFile: string;
  private readonly nextKeyFile: string;
  private readonly nextChainFile: string;
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.keyFile = path.join(folder, 'device.key');
    this.chainFile = path.join(folder, 'device.pem');
    this.nextKeyFile = path.join(folder, 'next.key');
    this.nextChainFile = path.join(folder, 'next.pem');
  }

  readKey(): Promise<DeviceKey | undefined> {
    return readKey(this.keyFile);
  }

  readChain(): Promise<DeviceChain | undefined> {
    return readChain(this.chainFile);
  }

  /** The key that is there, or a new one: it is durable before anybody hears of it, and no key is ever overwritten. */
  async ownKey(type: KeyType): Promise<DeviceKey> {
    await mkdir(this.folder, { recursive: true });
    return (await readKey(this.keyFile)) ?? makeKey(this.keyFile, type);
  }

  /** The key of an attempt that was cut short, or a new one. */
  async nextKey(type: KeyType): Promise<DeviceKey> {
    return (await readKey(this.nextKeyFile)) ?? makeKey(this.nextKeyFile, type);
  }

  writeChain(certificates: readonly Certificate[]): Promise<void> {
    return replaceFile(this.chainFile, toPem(certificates));
  }

  /** Key and certificate of the next generation take the places of the present ones. */
  async swap(certificates: readonly Certificate[]): Promise<void> {
    await replaceFile(this.nextChainFile, toPem(certificates));
    await this.finishSwap();
  }

  /** Ends a swap that a crash cut short; true where there was one. */
  async finishSwap(): Promise<boolean> {
    const next = await readChain(this.nextChainFile);
    if (!next) return false;
    const [nextKey, key] = [await readKey(this.nextKeyFile), await readKey(this.keyFile)];
    if (nextKey && belongs(nextKey, next.leaf)) await moveFile(this.nextKeyFile, this.keyFile);
    else if (!key || !belongs(key, next.leaf)) {
      const hint = 'Move next.pem away, and look where its key has gone.';
      throw new CliError('KEY_MISMATCH', `${this.nextChainFile} belongs to no key in this folder`, { hint });
    }
    await moveFile(this.nextChainFile, this.chainFile);
    return true;
  }
}

/** Whether a certificate is for this key. */
export const belongs = (key: DeviceKey, certificate: Certificate): boolean =>
  equalBytes(key.publicKey, certificate.subjectPublicKeyInfo);

async function makeKey(file: string, type: KeyType): Promise<DeviceKey> {
  const { privateKey } =
    type === 'p256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  await writeNewSecret(file, pem);
  return { pem, key: privateKey, publicKey: publicKeyOf(privateKey) };
}

async function readKey(file: string): Promise<DeviceKey | undefined> {
  const pem = await readOptionalText(file);
  return pem === undefined ? undefined : parseKey(pem, file);
}

/** Throws FILE_MALFORMED. */
export function parseKey(pem: string, file: string): DeviceKey {
  try {
    const key = createPrivateKey(pem);
    return { pem, key, publicKey: publicKeyOf(key) };
  } catch (cause) {
    const hint = 'A private key is PEM without a passphrase (PKCS #8, SEC 1 or PKCS #1).';
    throw new CliError('FILE_MALFORMED', `${file} holds no private key that can be read`, { hint }, cause);
  }
}

const publicKeyOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));

async function readChain(file: string): Promise<DeviceChain | undefined> {
  const pem = await readOptionalText(file);
  if (pem === undefined) return undefined;
  const certificates = readCertificates(Buffer.from(pem), file);
  const [leaf] = certificates;
  return leaf && { pem, certificates, leaf };
}
