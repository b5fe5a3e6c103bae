import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { KEY_ENCRYPTION_KEY_LENGTH } from './encrypted-key.js';
import {
  openSoftwareSigner,
  readEncryptedKey,
  readKeyEncryptionKey,
  writeEncryptedKey,
  writeKeyEncryptionKey,
} from './encrypted-key-file.js';
import { KeysError } from './errors.js';
import type { SigningMode, SoftwareSigner } from './software-signer.js';

const EXTENSION = '.jwe';

/** A folder (0700) of encrypted private keys, one file an authority, and the key-encryption key that opens them. */
export class KeyFolder {
  private readonly folder: string;
  private readonly keyEncryptionKey: Uint8Array;

  private constructor(folder: string, keyEncryptionKey: Uint8Array) {
    this.folder = folder;
    this.keyEncryptionKey = keyEncryptionKey;
  }

  /** Opens the folder; makes it with a new key-encryption key where there is none. Codes of KeysError. */
  static async open(folder: string, randomBytes: (length: number) => Uint8Array): Promise<KeyFolder> {
    const file = path.join(folder, 'key-encryption-key');
    try {
      return new KeyFolder(folder, await readKeyEncryptionKey(file));
    } catch (error) {
      if (!(error instanceof KeysError && error.code === 'SECRET_FILE_MISSING')) throw error;
    }
    const orphans = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(EXTENSION));
    // a new key-encryption key would hide that the old one is lost, and with it every key under it
    if (orphans.length > 0) throw new KeysError('SECRET_FILE_MISSING', { path: file });
    await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 });
    await writeKeyEncryptionKey(file, randomBytes(KEY_ENCRYPTION_KEY_LENGTH));
    return new KeyFolder(folder, await readKeyEncryptionKey(file));
  }

  async save(authorityId: string, pkcs8: Uint8Array, subjectPublicKeyInfo: Uint8Array): Promise<void> {
    await writeEncryptedKey(
      this.fileOf(authorityId),
      pkcs8,
      { authorityId, subjectPublicKeyInfo },
      this.keyEncryptionKey,
    );
  }

  /** PKCS#8, DER, in clear: to be overwritten after use. */
  async read(authorityId: string, subjectPublicKeyInfo: Uint8Array): Promise<Uint8Array> {
    return readEncryptedKey(this.fileOf(authorityId), { authorityId, subjectPublicKeyInfo }, this.keyEncryptionKey);
  }

  async openSigner(authorityId: string, subjectPublicKeyInfo: Uint8Array, mode: SigningMode): Promise<SoftwareSigner> {
    return openSoftwareSigner(
      this.fileOf(authorityId),
      { authorityId, subjectPublicKeyInfo },
      this.keyEncryptionKey,
      mode,
    );
  }

  /** Ids of the keys that lie in the folder. */
  async ids(): Promise<string[]> {
    return KeyFolder.idsIn(this.folder);
  }

  /** The same of a folder that is not opened, nor made: none where there is no folder. */
  static async idsIn(folder: string): Promise<string[]> {
    const names = await readdir(folder).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(EXTENSION)).map((name) => name.slice(0, -EXTENSION.length));
  }

  /** Removes a key for good; one that is not there is no error. */
  async remove(authorityId: string): Promise<void> {
    await rm(this.fileOf(authorityId), { force: true });
  }

  private fileOf(authorityId: string): string {
    return path.join(this.folder, `${authorityId}${EXTENSION}`);
  }
}
