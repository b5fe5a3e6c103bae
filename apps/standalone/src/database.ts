import { migrateJobs } from '@touchmark/jobs';
import type { RandomBytes } from '@touchmark/server';
import { canEnter, databaseUser, makeSubstituteFolder, migrate, startEmbeddedPostgres } from '@touchmark/store';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.js';

export interface OpenedDatabase {
  readonly folder: DataFolder;
  readonly url: string;
  /** How the database came about, to be printed. */
  readonly sentence: string;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly cloneRoot: string;
  readonly dataFolder?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly randomBytes: RandomBytes;
  readonly log: (line: string) => void;
}

/** Takes the data folder for this process alone, starts the embedded PostgreSQL unless there is another, and migrates it. */
export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { cloneRoot, dataFolder, databaseUrl, randomBytes, log } = options;
  const reach = { databaseUser, canEnter, makeSubstituteFolder };
  const folder = await openDataFolder({ cloneRoot, configured: dataFolder }, reach);
  const lock = await acquireInstanceLock(folder.root);
  try {
    if (databaseUrl !== undefined)
      return await migrated(folder, databaseUrl, 'Database: as configured', lock, () => Promise.resolve());
    const postgres = await startEmbeddedPostgres({ folder: folder.postgres, cloneRoot, randomBytes, log });
    const sentence = postgres.adopted
      ? 'Database: embedded PostgreSQL, taken over from a run that was killed'
      : 'Database: embedded PostgreSQL';
    return await migrated(folder, postgres.url, sentence, lock, () => postgres.stop());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function migrated(
  folder: DataFolder,
  url: string,
  sentence: string,
  lock: InstanceLock,
  stop: () => Promise<void>,
): Promise<OpenedDatabase> {
  try {
    await migrate(url);
    await migrateJobs(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder,
    url,
    sentence,
    async close() {
      await stop();
      await lock.release();
    },
  };
}
