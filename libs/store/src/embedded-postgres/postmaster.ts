import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { databaseEnvironment, idsOf, type Binaries } from './binaries.js';
import { dataFolderIn } from './cluster.js';
import type { DatabaseUser } from './database-user.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { isPostmasterOf, postmasterPidFile, readPostmasterPid } from './postmaster-pid.js';

const POLL = 25; // milliseconds between two looks
const START_LIMIT = 120_000; // recovery after a crash replays at most a checkpoint's worth of log
const STOP_LIMIT = 60_000;
const ORPHANS_LIMIT = 10_000; // children of a killed postmaster notice within seconds
const LOG_LIMIT = 10 * 1024 * 1024;

export interface Postmaster {
  pid: number;
  port: number;
}

export interface PostmasterOptions {
  folder: string;
  binaries: Binaries;
  user: DatabaseUser | undefined;
  password: string;
  durable: boolean;
}

export function urlOf(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

/**
 * Takes over the postmaster that a killed process of ours left running over this folder, once it accepts our password
 * (SCRAM proves both sides). A lock file whose process is none of ours is removed: PostgreSQL would wait for it for ever if
 * that process had the same user. The caller holds the instance lock.
 *
 * @returns undefined if none is running any more
 */
export async function adoptPostmaster(folder: string, password: string): Promise<Postmaster | undefined> {
  const data = dataFolderIn(folder);
  const deadline = performance.now() + START_LIMIT;
  for (;;) {
    const found = await readPostmasterPid(data);
    if (!found) return undefined;
    if (!(await isPostmasterOf(data, found.pid))) {
      if (isAlive(found.pid)) await rm(postmasterPidFile(data), { force: true });
      return undefined;
    }
    // Not answering yet: it starts, or it ends.
    if (found.port && (await answers(found.port, password))) return { pid: found.pid, port: found.port };
    if (performance.now() > deadline) throw startFailed(folder, 'it was left running and does not answer');
    await delay(POLL);
  }
}

/** Starts a postmaster and waits until it answers. */
export async function startPostmaster(o: PostmasterOptions): Promise<Postmaster> {
  const leftOver = (await readPostmasterPid(dataFolderIn(o.folder))) !== undefined;
  const retryUntil = performance.now() + ORPHANS_LIMIT;
  for (let attempt = 1; ; attempt += 1) {
    const started = await startOnce(o);
    if (started) return started;
    // The port may have been taken meanwhile, or children of a killed postmaster still hold its shared memory.
    if (attempt >= 3 && !(leftOver && performance.now() < retryUntil)) {
      throw startFailed(o.folder, 'it ended at once', await lastLines(o.folder));
    }
    await delay(10 * POLL);
  }
}

async function startOnce(o: PostmasterOptions): Promise<Postmaster | undefined> {
  const port = await freePort();
  const log = await openLog(o.folder);
  // Detached: Ctrl-C goes to the whole process group, and we want to drain before the database goes. Its output goes to a file
  // because a pipe would break when we are killed.
  const child = spawn(o.binaries.postgres, ['-D', dataFolderIn(o.folder), ...settings(port, o.durable)], {
    ...idsOf(o.user),
    env: databaseEnvironment,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  let refusal: Error | undefined;
  child.once('error', (error) => (refusal = error));
  await log.close();
  const pid = child.pid;
  if (pid === undefined) throw startFailed(o.folder, refusal?.message ?? 'it cannot be run');
  child.unref();
  const deadline = performance.now() + START_LIMIT;
  while (child.exitCode === null && child.signalCode === null) {
    // Not before it says that it is the one that listens: whoever took the port first would be shown the password.
    if ((await isReady(dataFolderIn(o.folder), pid)) && (await answers(port, o.password))) return { pid, port };
    if (performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw startFailed(o.folder, 'it does not answer', await lastLines(o.folder));
    }
    await delay(POLL);
  }
  return undefined;
}

/** Fast shutdown: ends sessions, writes a checkpoint, exits. */
export async function stopPostmaster(folder: string, pid: number): Promise<void> {
  const data = dataFolderIn(folder);
  if (await isPostmasterOf(data, pid)) sendSignal(pid, 'SIGINT');
  const deadline = performance.now() + STOP_LIMIT;
  while (await isPostmasterOf(data, pid)) {
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError('STOP_TIMED_OUT', `PostgreSQL (process ${pid}) did not stop within a minute.`, {
        path: folder,
      });
    }
    await delay(POLL);
  }
}

function settings(port: number, durable: boolean): string[] {
  const values: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    password_encryption: 'scram-sha-256',
    // A failing statement's text may hold a secret; its error is enough.
    log_min_error_statement: 'panic',
    ...(durable
      ? { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

// The last line of postmaster.pid says so, once the sockets are bound.
async function isReady(dataFolder: string, pid: number): Promise<boolean> {
  const text = await readFile(path.join(dataFolder, 'postmaster.pid'), 'latin1').catch(() => '');
  const lines = text.split('\n');
  return lines[0]?.trim() === String(pid) && lines.some((line) => line.trim() === 'ready');
}

async function answers(port: number, password: string): Promise<boolean> {
  const client = new Client({ connectionString: urlOf(port, password), connectionTimeoutMillis: 5_000 });
  // A server that goes down ends idle connections with an error event, which would otherwise end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (cause) {
    if (cause instanceof DatabaseError && cause.code === '28P01') {
      throw new EmbeddedPostgresError(
        'PASSWORD_REFUSED',
        'The embedded PostgreSQL refuses its password.',
        {},
        { cause },
      );
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

function logFile(folder: string): string {
  return path.join(folder, 'postgres.log');
}

async function openLog(folder: string): ReturnType<typeof open> {
  const file = logFile(folder);
  const size = (await stat(file).catch(() => undefined))?.size ?? 0;
  if (size > LOG_LIMIT) await rename(file, `${file}.1`);
  return open(file, 'a', 0o600);
}

async function lastLines(folder: string): Promise<string> {
  return (await readFile(logFile(folder), 'utf8').catch(() => '')).slice(-2000);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function startFailed(folder: string, why: string, output?: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('START_FAILED', `PostgreSQL did not start in ${folder}: ${why}.`, {
    path: folder,
    ...(output !== undefined && { output }),
  });
}
