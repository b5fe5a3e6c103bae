import path from 'node:path';
import { KeysError, readSecretFile, writeSecretFile } from '@touchmark/keys';
import { CredentialsError } from './error.js';

const NAME = 'database-url';

/** The database as the role of the process whose folder of secrets it is: a secret, for it contains a password. CREDENTIAL_MISSING. */
export async function readDatabaseUrl(folder: string): Promise<string> {
  try {
    return Buffer.from(await readSecretFile(path.join(folder, NAME)))
      .toString('utf8')
      .trim();
  } catch (error) {
    const missing = error instanceof KeysError && error.code === 'SECRET_FILE_MISSING';
    throw missing ? new CredentialsError('CREDENTIAL_MISSING', { name: NAME }, error) : error;
  }
}

export async function writeDatabaseUrl(folder: string, url: string): Promise<void> {
  await writeSecretFile(path.join(folder, NAME), Buffer.from(`${url}\n`), { replace: true });
}

export async function hasDatabaseUrl(folder: string): Promise<boolean> {
  try {
    await readDatabaseUrl(folder);
    return true;
  } catch (error) {
    if (error instanceof CredentialsError && error.code === 'CREDENTIAL_MISSING') return false;
    throw error;
  }
}
