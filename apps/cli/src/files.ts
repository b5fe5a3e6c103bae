import { constants } from 'node:fs';
import { access, type FileHandle, link, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from './cli-error.js';

/** UTF-8 text of a file that a person named. Throws FILE_UNREADABLE. */
export async function readTextFile(file: string): Promise<string> {
  return (await readBytes(file)).toString('utf8');
}

/** Throws FILE_UNREADABLE. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${file} cannot be read${because(cause)}`, {}, cause);
  }
}

/** Undefined where there is no such file. Throws FILE_UNREADABLE for one that is there and cannot be read. */
export async function readOptionalText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw new CliError('FILE_UNREADABLE', `${file} cannot be read${because(cause)}`, {}, cause);
  }
}

/** Before something is made that can be shown only once: throws FILE_EXISTS or FILE_NOT_WRITABLE where it could not be kept. */
export async function ensureWritable(file: string): Promise<void> {
  if ((await readOptionalText(file)) !== undefined) throw fileExists(file);
  await access(path.dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}

/** A new file that only this user may read, durable when this resolves; a file that is there is never touched. Throws FILE_EXISTS. */
export async function writeNewSecret(file: string, content: string | Uint8Array): Promise<void> {
  await writeWhole(file, content, 0o600, (draft) => link(draft, file));
}

/** Replaces a file in one step: whoever reads sees the old one or the new one, after a crash too. */
export async function replaceFile(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await writeWhole(file, content, mode, (draft) => rename(draft, file));
}

async function writeWhole(
  file: string,
  content: string | Uint8Array,
  mode: number,
  publish: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${file}.draft`;
  try {
    await rm(draft, { force: true });
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await publish(draft);
    await syncFolder(path.dirname(file));
  } catch (cause) {
    throw unwritable(file, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Gives a file its final name, durably. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    await syncFolder(path.dirname(to));
  } catch (cause) {
    throw unwritable(to, cause);
  }
}

/** For appending, made if absent. Throws FILE_NOT_WRITABLE. */
export async function openForAppending(file: string, mode = 0o644): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDWR | constants.O_CREAT, mode);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

const TAIL = 65_536;

/** Where the last whole line of a file ends: what is behind it, a crash has cut. */
export async function endOfLastLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - TAIL);
    const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    const at = buffer.lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritable(file: string, cause: unknown): CliError {
  if (hasCode(cause, 'EEXIST')) return fileExists(file, cause);
  return new CliError('FILE_NOT_WRITABLE', `${file} cannot be written${because(cause)}`, {}, cause);
}

function fileExists(file: string, cause?: unknown): CliError {
  const hint = 'Nothing is overwritten: name another place, or move the file away if you mean it.';
  return new CliError('FILE_EXISTS', `${file} is there already`, { hint }, cause);
}

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const because = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
