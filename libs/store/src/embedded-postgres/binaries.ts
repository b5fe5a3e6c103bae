import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DatabaseUser } from './database-user.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

const run = promisify(execFile);

/** Nothing of our own environment reaches the database; initdb needs a PATH to find a shell. */
export const databaseEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

export interface Binaries {
  postgres: string;
  initdb: string;
}

/**
 * Finds PostgreSQL's binaries in node_modules, or makes a copy of them, once, where the database's user can run them.
 *
 * @param user whom PostgreSQL runs as; undefined: ourselves
 * @param copyTo asked only if a copy is needed: an existing folder that the user can enter
 */
export async function usableBinaries(
  user: DatabaseUser | undefined,
  copyTo: () => Promise<string>,
  log: (line: string) => void,
): Promise<Binaries> {
  const { native, version } = await installedBinaries();
  await linkLibraries(native).catch(ignoreReadOnly);
  if ((await trialRun(native, user)) === undefined) return binariesIn(native);

  const copy = path.join(await copyTo(), `native-${version}`);
  if (!(await stat(copy).catch(() => undefined))) {
    log(`Copying PostgreSQL (58 MB) to ${copy}, once: it cannot be run from node_modules.`);
    await copyNative(native, copy);
  }
  const refusal = await trialRun(copy, user);
  if (refusal === undefined) return binariesIn(copy);
  throw new EmbeddedPostgresError(
    'BINARIES_UNUSABLE',
    `The PostgreSQL in ${copy} does not run here${user ? ` as user "${user.name}"` : ''}; set DATABASE_URL to a PostgreSQL of yours.`,
    { path: copy, output: refusal },
  );
}

async function installedBinaries(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new EmbeddedPostgresError(
      'UNSUPPORTED_PLATFORM',
      `No PostgreSQL comes along for ${process.platform} ${process.arch}; set DATABASE_URL to one of yours.`,
    );
  }
  try {
    const root = path.resolve(createRequire(import.meta.url).resolve(name), '..', '..');
    const { version }: { version: string } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    return { native: path.join(root, 'native'), version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'BINARIES_MISSING',
      `The package ${name} is not installed; run "npm ci", or set DATABASE_URL to a PostgreSQL of yours.`,
      {},
      { cause },
    );
  }
}

function binariesIn(native: string): Binaries {
  return { postgres: path.join(native, 'bin', 'postgres'), initdb: path.join(native, 'bin', 'initdb') };
}

/** A package cannot carry symbolic links, so it lists them; its install script, which would make them, does not run with us. */
async function linkLibraries(native: string): Promise<void> {
  const packageRoot = path.dirname(native);
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(path.join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const link = path.join(packageRoot, target);
    const to = path.relative(path.dirname(link), path.join(packageRoot, source));
    await symlink(to, link).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

/** node_modules of another user: the trial run then tells whether the links are there. */
function ignoreReadOnly(error: unknown): void {
  if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
}

/** The one test that sees folders, permissions, mount options, libraries and the C library at once. Undefined is success. */
async function trialRun(native: string, user: DatabaseUser | undefined): Promise<string | undefined> {
  try {
    await run(binariesIn(native).postgres, ['--version'], { ...idsOf(user), env: databaseEnvironment, cwd: '/' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Copies to a name of its own first, so that a copy under the final name is always a whole one. */
async function copyNative(native: string, copy: string): Promise<void> {
  const unfinished = await mkdtemp(`${copy}.`);
  try {
    const inner = path.join(unfinished, 'native');
    await copyFolder(native, inner);
    await linkLibraries(inner);
    await rename(inner, copy).catch((error: unknown) => {
      // Somebody else was faster with the same bytes.
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Everybody may read and run the copy, whatever the umask and the original's modes are; links are left to linkLibraries. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, target);
    else if (entry.isFile()) {
      await copyFile(source, target);
      await chmod(target, (await stat(source)).mode & 0o100 ? 0o755 : 0o644);
    }
  }
}

export function idsOf(user: DatabaseUser | undefined): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
