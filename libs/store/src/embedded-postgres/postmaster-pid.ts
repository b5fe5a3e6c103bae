import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** What a running server says of itself in `postmaster.pid`. */
export interface PostmasterPid {
  pid: number;
  /** TCP port; undefined while the server has not come that far. */
  port: number | undefined;
}

/** Lines of PostgreSQL 18's lock file: pid, data folder, start time, port, socket folder, address, shared memory, state. */
export function parsePostmasterPid(text: string): PostmasterPid | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined };
}

export function postmasterPidFile(dataFolder: string): string {
  return path.join(dataFolder, 'postmaster.pid');
}

export async function readPostmasterPid(dataFolder: string): Promise<PostmasterPid | undefined> {
  const text = await readFile(postmasterPidFile(dataFolder), 'utf8').catch(() => '');
  return parsePostmasterPid(text);
}

/**
 * Whether the process is a PostgreSQL at work in this data folder. A process id alone proves nothing: it may have been given
 * to another process since (usual after a container restarts), and a dead child that nobody waits for still has one. The
 * working folder holds where the command line would not: after the folder was moved.
 */
export async function isPostmasterOf(dataFolder: string, pid: number): Promise<boolean> {
  try {
    const [name, at, data] = await Promise.all([
      readFile(`/proc/${pid}/comm`, 'utf8'),
      stat(`/proc/${pid}/cwd`),
      stat(dataFolder),
    ]);
    return name.trim() === 'postgres' && at.ino === data.ino && at.dev === data.dev;
  } catch {
    return false;
  }
}
