import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isPostmasterOf, readPostmasterPid } from '../libs/store/src/embedded-postgres/postmaster-pid.js';

/** Followed by the process id of the run that owns the folder. */
export const TEST_FOLDER_PREFIX = 'touchmark-test-';

/** A killed test run leaves its server running, for nobody: end it and remove its data. */
export async function removeLeftOvers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(TEST_FOLDER_PREFIX)
      ? Number.parseInt(name.slice(TEST_FOLDER_PREFIX.length), 10)
      : NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    const folder = path.join(parent, name);
    // Another user's folder is that user's to clean.
    await endServer(path.join(folder, 'postgres', 'data'))
      .then(() => rm(folder, { recursive: true, force: true }))
      .catch(() => undefined);
  }
}

/** At once and without a checkpoint: the data goes anyway. */
async function endServer(dataFolder: string): Promise<void> {
  const server = await readPostmasterPid(dataFolder);
  if (!server || !(await isPostmasterOf(dataFolder, server.pid))) return;
  process.kill(server.pid, 'SIGQUIT');
  while (await isPostmasterOf(dataFolder, server.pid)) await delay(25);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
