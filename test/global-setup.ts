import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../libs/store/src/embedded-postgres/embedded-postgres.js';
import { removeLeftOvers, TEST_FOLDER_PREFIX } from './left-overs.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's URL of the run's PostgreSQL; give it to `createTestDatabase`. */
    databaseUrl: string;
  }
}

/** One PostgreSQL for the whole run, on data that nobody keeps. Each test file makes a database of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // root's own TMPDIR may be closed to the user whom PostgreSQL runs as.
  const parent = process.geteuid?.() === 0 ? '/tmp' : tmpdir();
  await removeLeftOvers(parent);
  const folder = await mkdtemp(path.join(parent, `${TEST_FOLDER_PREFIX}${process.pid}-`));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await chmod(folder, 0o711);
    const postgres = await startEmbeddedPostgres({
      folder: path.join(folder, 'postgres'),
      durable: false,
      randomBytes,
      log: () => undefined,
    });
    project.provide('databaseUrl', postgres.url);
    return async () => {
      try {
        await postgres.stop();
      } finally {
        await remove();
      }
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
