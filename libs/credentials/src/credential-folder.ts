import path from 'node:path';
import { importPkcs8, KeyFolder, KeysError, readSecretFile, writeSecretFile } from '@touchmark/keys';
import { decodePem, parseCertificate, spkiSha256, X509Error } from '@touchmark/x509';
import { type Credential, encodeCertificates, toCredential } from './credential.js';
import { CredentialsError } from './error.js';

/** What a process judges others by: `infrastructure` its peers, `root` everything that the hierarchy issued. */
export type AnchorName = 'infrastructure' | 'root';

/** A new pair: the key as PKCS#8 in clear, which the caller overwrites afterwards, and the certificate with its issuing CA, DER. */
export interface NewCredential {
  readonly pkcs8: Uint8Array;
  readonly chain: readonly Uint8Array[];
}

/** Where keys and files go; replaced by tests that break off between two writes. */
export interface CredentialStorage {
  readonly keys: Pick<KeyFolder, 'save' | 'read' | 'ids' | 'remove'>;
  readonly writeFile: typeof writeSecretFile;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEY_DIGITS = 16;

/**
 * A process's own certificates in its folder of secrets (0700, every file 0600):
 *
 *     key-encryption-key
 *     <name>.pem                  the certificate, then its issuing CA
 *     <name>-<16 hex>.jwe         its key, encrypted; the digits begin the SHA-256 of its SubjectPublicKeyInfo
 *     infrastructure.pem, root.pem
 *
 * The certificate says which key belongs to it, so one rename exchanges both: a crash before it leaves the old pair, one after it the
 * new pair. One writer at a time for a folder.
 */
export class CredentialFolder {
  private readonly folder: string;
  private readonly storage: CredentialStorage;

  constructor(folder: string, storage: CredentialStorage) {
    this.folder = folder;
    this.storage = storage;
  }

  /** Opens the folder; makes it with a new key-encryption key where there is none. Codes of KeysError. */
  static async open(folder: string, randomBytes: (length: number) => Uint8Array): Promise<CredentialFolder> {
    const keys = await KeyFolder.open(folder, randomBytes);
    return new CredentialFolder(folder, { keys, writeFile: writeSecretFile });
  }

  /** Codes CREDENTIAL_MISSING, CREDENTIAL_MALFORMED, and those of KeysError for a key that is not the certificate's. */
  async read(name: string): Promise<Credential> {
    const chain = await this.readCertificates(checked(name));
    const { subjectPublicKeyInfo } = readCertificate(name, chain[0]);
    const pkcs8 = await this.storage.keys.read(keyId(name, subjectPublicKeyInfo), subjectPublicKeyInfo);
    try {
      return toCredential(name, importPkcs8(pkcs8), chain);
    } finally {
      pkcs8.fill(0);
    }
  }

  async has(name: string): Promise<boolean> {
    try {
      await readSecretFile(this.fileOf(checked(name)));
      return true;
    } catch (error) {
      if (error instanceof KeysError && error.code === 'SECRET_FILE_MISSING') return false;
      throw error;
    }
  }

  /**
   * Puts a pair in the place of the one that is there, and removes the keys of earlier ones. Codes CREDENTIAL_MALFORMED where the key
   * is not the certificate's, and those of KeysError.
   */
  async write(name: string, { pkcs8, chain }: NewCredential): Promise<void> {
    const { subjectPublicKeyInfo } = readCertificate(checked(name), chain[0]);
    const id = keyId(name, subjectPublicKeyInfo);
    const ids = await this.storage.keys.ids();
    if (!ids.includes(id)) await this.saveKey(name, id, pkcs8, subjectPublicKeyInfo);
    // the one step that counts
    await this.storage.writeFile(this.fileOf(name), textOf(chain), { replace: true });
    for (const old of ids) if (old !== id && isKeyOf(name, old)) await this.storage.keys.remove(old);
  }

  /** Certificates, DER, one at least. Codes CREDENTIAL_MISSING, CREDENTIAL_MALFORMED. */
  readAnchors(name: AnchorName): Promise<readonly Uint8Array[]> {
    return this.readCertificates(name);
  }

  async writeAnchors(name: AnchorName, certificates: readonly Uint8Array[]): Promise<void> {
    for (const der of certificates) readCertificate(name, der);
    await this.storage.writeFile(this.fileOf(name), textOf(certificates), { replace: true });
  }

  private async saveKey(name: string, id: string, pkcs8: Uint8Array, spki: Uint8Array): Promise<void> {
    try {
      await this.storage.keys.save(id, pkcs8, spki);
    } catch (error) {
      const mismatch = error instanceof KeysError && error.code === 'KEY_MISMATCH';
      throw mismatch ? new CredentialsError('CREDENTIAL_MALFORMED', { name }, error) : error;
    }
  }

  private async readCertificates(name: string): Promise<readonly Uint8Array[]> {
    const certificates = parsePem(name, await this.readText(name));
    if (certificates.length === 0) throw new CredentialsError('CREDENTIAL_MALFORMED', { name });
    return certificates;
  }

  private async readText(name: string): Promise<string> {
    try {
      return Buffer.from(await readSecretFile(this.fileOf(name))).toString('latin1');
    } catch (error) {
      const missing = error instanceof KeysError && error.code === 'SECRET_FILE_MISSING';
      throw missing ? new CredentialsError('CREDENTIAL_MISSING', { name }, error) : error;
    }
  }

  private fileOf(name: string): string {
    return path.join(this.folder, `${name}.pem`);
  }
}

function checked(name: string): string {
  if (!NAME.test(name) || name === 'infrastructure' || name === 'root') throw new TypeError('not a credential’s name');
  return name;
}

const textOf = (certificates: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(encodeCertificates(certificates), 'latin1');

function keyId(name: string, subjectPublicKeyInfo: Uint8Array): string {
  return `${name}-${Buffer.from(spkiSha256(subjectPublicKeyInfo)).toString('hex').slice(0, KEY_DIGITS)}`;
}

function isKeyOf(name: string, id: string): boolean {
  return id.startsWith(`${name}-`) && /^[0-9a-f]{16}$/.test(id.slice(name.length + 1));
}

function parsePem(name: string, text: string): Uint8Array[] {
  try {
    return decodePem(text).map(({ label, der }) => {
      if (label !== 'CERTIFICATE') throw new CredentialsError('CREDENTIAL_MALFORMED', { name });
      parseCertificate(der);
      return der;
    });
  } catch (error) {
    if (error instanceof X509Error) throw new CredentialsError('CREDENTIAL_MALFORMED', { name }, error);
    throw error;
  }
}

function readCertificate(name: string, der: Uint8Array | undefined) {
  if (der === undefined) throw new CredentialsError('CREDENTIAL_MALFORMED', { name });
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) throw new CredentialsError('CREDENTIAL_MALFORMED', { name }, error);
    throw error;
  }
}
