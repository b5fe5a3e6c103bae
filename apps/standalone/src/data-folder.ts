import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

export interface DataFolder {
  root: string;
  /** For `startEmbeddedPostgres`. */
  postgres: string;
  /** Key-encryption keys, keys and database URLs, a folder a process: entered by us alone. */
  secrets: string;
  /** Where it is and, if that is not the usual place, why: to be printed at start. */
  sentence: string;
}

/** What `@touchmark/store` knows of the user whom PostgreSQL runs as. */
export interface DatabaseReach {
  databaseUser(dataFolder: string): Promise<{ name: string; uid: number; gid: number } | undefined>;
  canEnter(folder: string, user: { uid: number; gid: number } | undefined): Promise<boolean>;
  makeSubstituteFolder(cloneRoot: string): Promise<string>;
}

export interface DataFolderOptions {
  cloneRoot: string;
  /** A folder that the operator chose: taken as it is. */
  configured?: string | undefined;
}

/**
 * Decides where everything that a standalone service keeps lies, and makes the folders: `.touchmark/` in the clone, or, when
 * root's clone lies where the database's user cannot go, the clone's folder under `/var/lib/touchmark/`.
 */
export async function openDataFolder(o: DataFolderOptions, reach: DatabaseReach): Promise<DataFolder> {
  const usual = path.join(o.cloneRoot, '.touchmark');
  if (o.configured !== undefined) return make(path.resolve(o.configured), (root) => `Data folder: ${root}`, reach);

  const user = await reach.databaseUser(path.join(usual, 'postgres', 'data'));
  if (await reach.canEnter(o.cloneRoot, user)) return make(usual, (root) => `Data folder: ${root}`, reach);
  const unused = (await stat(usual).catch(() => undefined)) ? ` What lies in ${usual} is not used.` : '';
  return make(
    await reach.makeSubstituteFolder(o.cloneRoot),
    (root) =>
      `Data folder: ${root} (user "${user?.name}", whom PostgreSQL runs as, cannot enter ${o.cloneRoot}).${unused}`,
    reach,
  );
}

/** A folder into which others may write is no place for keys: they could plant links there before us. */
async function checkOwn(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  const ours = uid === process.geteuid?.();
  if (ours && (mode & 0o022) === 0) return;
  throw new TypeError(
    `the data folder ${folder} must belong to the user who starts the service, and nobody else may write to it`,
  );
}

async function make(root: string, sentence: (root: string) => string, reach: DatabaseReach): Promise<DataFolder> {
  const postgres = path.join(root, 'postgres');
  const secrets = path.join(root, 'secrets');
  const made = await mkdir(root, { recursive: true });
  if (made === undefined) await checkOwn(root);
  const user = await reach.databaseUser(path.join(postgres, 'data'));
  // The database's user passes through to its own folder and sees nothing else; the umask may have taken that away.
  if (made !== undefined) await chmod(root, user ? 0o711 : 0o700);
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  await chmod(secrets, 0o700);
  return { root, postgres, secrets, sentence: sentence(root) };
}
