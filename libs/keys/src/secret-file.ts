import { constants } from 'node:fs';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeysError } from './errors.js';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const OTHERS = 0o077;
const MAX_LENGTH = 64 * 1024;

/**
 * Reads a file that only its owner may touch. Codes SECRET_FILE_MISSING, SECRET_FILE_NOT_REGULAR (symbolic links too),
 * SECRET_FILE_EXPOSED, SECRET_FILE_TOO_LARGE (64 KiB).
 */
export async function readSecretFile(path: string): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) throw new KeysError('SECRET_FILE_MISSING', { path }, error);
      if (hasCode(error, 'ELOOP')) throw new KeysError('SECRET_FILE_NOT_REGULAR', { path }, error);
      throw error;
    },
  );
  try {
    // Asked of the open file, so that it cannot be exchanged between the check and the read.
    const status = await file.stat();
    if (!status.isFile()) throw new KeysError('SECRET_FILE_NOT_REGULAR', { path });
    if ((status.mode & OTHERS) !== 0) throw new KeysError('SECRET_FILE_EXPOSED', { path, mode: octal(status.mode) });
    if (status.size > MAX_LENGTH) throw new KeysError('SECRET_FILE_TOO_LARGE', { path });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Writes a file that only its owner may touch, in a folder that only its owner may enter, which is made if it is not
 * there. After a crash the file is whole or absent. An existing file is kept unless `replace` is set.
 * Codes SECRET_FILE_EXISTS, SECRET_FOLDER_EXPOSED. One writer at a time for a path.
 */
export async function writeSecretFile(path: string, bytes: Uint8Array, options?: { replace: boolean }): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const { mode } = await stat(folder);
  if ((mode & OTHERS) !== 0) throw new KeysError('SECRET_FOLDER_EXPOSED', { path: folder, mode: octal(mode) });

  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  try {
    await writeDurably(draft, bytes);
    // link() refuses an existing name in one step, which rename() would overwrite: a key once written is not lost.
    if (options?.replace === true) await rename(draft, path);
    else await link(draft, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw new KeysError('SECRET_FILE_EXISTS', { path }, error);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(folder);
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY_FILE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
