import { link, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type InstanceLockErrorCode = 'ALREADY_RUNNING';

/** Another process runs on this data folder. */
export class InstanceLockError extends Error {
  readonly code: InstanceLockErrorCode = 'ALREADY_RUNNING';
  /** The process that holds the lock. */
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`Touchmark already runs on ${folder} (process ${pid}).`);
    this.name = 'InstanceLockError';
    this.pid = pid;
  }
}

export interface InstanceLock {
  /** Idempotent. A process that ends without it leaves a stale lock, which the next one takes over. */
  release(): Promise<void>;
}

/** A process, told apart from a later one with the same id by when it started (clock ticks since boot). */
interface Holder {
  pid: number;
  startTime: string;
}

const NOBODY: Holder = { pid: 0, startTime: '' };

/**
 * Takes the lock that lets one process at a time run on a data folder, and adopt the database that a killed one left there.
 *
 * @param folder exists
 * @throws InstanceLockError
 */
export async function acquireInstanceLock(folder: string): Promise<InstanceLock> {
  const file = path.join(folder, 'instance.lock');
  const self: Holder = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  const offer = `${file}.${self.pid}`;
  await writeFile(offer, `${self.pid} ${self.startTime}\n`, { mode: 0o600 });
  try {
    const holder = await take(file, offer);
    if (holder) throw new InstanceLockError(folder, holder.pid);
  } finally {
    await rm(offer, { force: true });
  }
  return lockOf(file, self);
}

/**
 * A hard link is made or refused at once and with its content, so nobody reads half a lock. A stale lock is removed only under
 * a lock of its own, the claim, and after a second look: otherwise one starter could remove what a faster one had just made.
 * A claim is a lock like any other, so a stale claim needs no other rule.
 *
 * @returns undefined when we hold it, else who does
 */
async function take(file: string, offer: string): Promise<Holder | undefined> {
  while (!(await linked(offer, file))) {
    const holder = await readHolder(file);
    if (!holder) continue;
    if (await isRunning(holder)) return holder;
    const claim = `${file}.claim`;
    const claimant = await take(claim, offer);
    if (claimant) return claimant;
    const current = await readHolder(file);
    if (current && !(await isRunning(current))) await rm(file);
    await rm(claim);
  }
  return undefined;
}

function lockOf(file: string, self: Holder): InstanceLock {
  return {
    async release() {
      const holder = await readHolder(file);
      if (holder?.pid === self.pid && holder.startTime === self.startTime) await rm(file, { force: true });
    },
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined if there is no lock. What cannot be read as one belongs to nobody: a power cut may have emptied it. */
async function readHolder(file: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [pid, startTime] = text.trim().split(' ');
  return startTime !== undefined && /^[1-9]\d*$/.test(pid ?? '') ? { pid: Number(pid), startTime } : NOBODY;
}

async function isRunning(holder: Holder): Promise<boolean> {
  if (holder === NOBODY) return false;
  if (process.platform === 'linux') return (await startTimeOf(holder.pid)) === holder.startTime;
  try {
    return process.kill(holder.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** proc(5): field 22 of /proc/<pid>/stat. The second field is the program's name in parentheses and may itself hold any. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie runs no more; it only waits for its parent to look.
  return state === 'Z' || state === 'X' ? undefined : rest[18];
}
