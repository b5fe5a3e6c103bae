import path from 'node:path';
import { migrateJobs } from '@touchmark/jobs';
import type { RandomBytes } from '@touchmark/server';
import {
  canEnter,
  createRoles,
  databaseUser,
  makeSubstituteFolder,
  migrate,
  type RoleOptions,
  type RoleUrls,
  startEmbeddedPostgres,
} from '@touchmark/store';
import { requireKeys } from '../../ca/src/authorities/require-keys.js';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.js';

export interface OpenedDatabase {
  readonly folder: DataFolder;
  /** For each part, the database as its own role. */
  readonly urls: RoleUrls;
  /** How the database came about, to be printed. */
  readonly sentence: string;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly cloneRoot: string;
  readonly dataFolder?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly databaseRolePrefix: string;
  readonly randomBytes: RandomBytes;
  readonly log: (line: string) => void;
}

/**
 * Takes the data folder for this process alone, starts the embedded PostgreSQL unless there is another, migrates it as its owner,
 * and makes the roles that the parts use: their passwords are new at each start and lie nowhere.
 */
export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { cloneRoot, dataFolder, databaseUrl, databaseRolePrefix: prefix, randomBytes, log } = options;
  const roles = { prefix, randomBytes };
  const reach = { databaseUser, canEnter, makeSubstituteFolder };
  const folder = await openDataFolder({ cloneRoot, configured: dataFolder }, reach);
  const lock = await acquireInstanceLock(folder.root);
  try {
    if (databaseUrl !== undefined)
      return await migrated(folder, databaseUrl, roles, 'Database: as configured', lock, () => Promise.resolve());
    const postgres = await startEmbeddedPostgres({ folder: folder.postgres, cloneRoot, randomBytes, log });
    const sentence = postgres.adopted
      ? 'Database: embedded PostgreSQL, taken over from a run that was killed'
      : 'Database: embedded PostgreSQL';
    return await migrated(folder, postgres.url, roles, sentence, lock, () => postgres.stop());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function migrated(
  folder: DataFolder,
  url: string,
  roles: RoleOptions,
  sentence: string,
  lock: InstanceLock,
  stop: () => Promise<void>,
): Promise<OpenedDatabase> {
  try {
    await migrate(url);
    await migrateJobs(url);
    // new passwords would lock out the processes of another installation
    await requireKeys(url, path.join(folder.secrets, 'ca'));
    const urls = await createRoles(url, roles);
    return {
      folder,
      urls,
      sentence,
      async close() {
        await stop();
        await lock.release();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
