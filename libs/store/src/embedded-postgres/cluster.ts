import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { databaseEnvironment, idsOf, type Binaries } from './binaries.js';
import type { DatabaseUser } from './database-user.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

const run = promisify(execFile);

/** PostgreSQL's own folder inside the database's folder. */
export function dataFolderIn(folder: string): string {
  return path.join(folder, 'data');
}

export interface NewCluster {
  folder: string;
  binaries: Binaries;
  user: DatabaseUser | undefined;
  durable: boolean;
  randomBytes: (length: number) => Uint8Array;
}

/**
 * Makes the cluster if there is none. It is made under another name and moved when whole, so a half-made one is never started.
 *
 * @returns the superuser's password, which lies in the file `password` that only we can read
 */
export async function openCluster(o: NewCluster): Promise<string> {
  const data = dataFolderIn(o.folder);
  const passwordFile = path.join(o.folder, 'password');
  const stored = await readFile(passwordFile, 'utf8').catch(() => undefined);
  if (await stat(data).catch(() => undefined)) {
    if (stored) return stored;
    throw new EmbeddedPostgresError('PASSWORD_MISSING', `The database's password is missing in ${passwordFile}.`, {
      path: passwordFile,
    });
  }
  const password = stored ?? Buffer.from(o.randomBytes(24)).toString('base64url');
  if (!stored) await writeWhole(passwordFile, password);
  await initialize(o, password);
  return password;
}

async function initialize(o: NewCluster, password: string): Promise<void> {
  const unfinished = path.join(o.folder, 'data.unfinished');
  const passwordForInit = path.join(o.folder, 'password.initdb');
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordForInit, { force: true });
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordForInit, password, { mode: 0o600 });
    if (o.user) for (const file of [unfinished, passwordForInit]) await chown(file, o.user.uid, o.user.gid);
    await run(
      o.binaries.initdb,
      [
        ['-D', unfinished],
        ['-U', 'postgres'],
        ['--auth=scram-sha-256', `--pwfile=${passwordForInit}`],
        ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--lc-messages=C'],
        ['--no-instructions'],
        o.durable ? [] : ['--no-sync'],
      ].flat(),
      { ...idsOf(o.user), env: databaseEnvironment, cwd: '/' },
    );
    await rename(unfinished, dataFolderIn(o.folder));
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).slice(-2000) : undefined;
    throw new EmbeddedPostgresError(
      'INIT_FAILED',
      `PostgreSQL's initdb failed in ${o.folder}.`,
      { path: o.folder, ...(output && { output }) },
      { cause },
    );
  } finally {
    await rm(passwordForInit, { force: true });
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const unfinished = `${file}.unfinished`;
  await rm(unfinished, { force: true });
  await writeFile(unfinished, text, { mode: 0o600, flush: true });
  await chmod(unfinished, 0o600);
  await rename(unfinished, file);
}
