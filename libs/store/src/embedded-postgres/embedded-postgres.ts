import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { usableBinaries } from './binaries.js';
import { dataFolderIn, openCluster } from './cluster.js';
import { canEnter, databaseUser, type DatabaseUser } from './database-user.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { adoptPostmaster, startPostmaster, stopPostmaster, urlOf } from './postmaster.js';
import { makeSubstituteFolder } from './substitute-folder.js';

export interface EmbeddedPostgresOptions {
  /** The database's own folder. Its parent exists; nothing outside it changes its owner. */
  folder: string;
  /** Root of the clone: gives root a place (`substituteFolder`) when the folder or the binaries lie where only root may go. */
  cloneRoot?: string;
  /** false gives up crash safety for speed: tests only. Default true. */
  durable?: boolean;
  randomBytes: (length: number) => Uint8Array;
  /** One sentence a call, for people. */
  log: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** The superuser's URL, password included: a secret. */
  url: string;
  /** true: a server that an earlier process left running was taken over. */
  adopted: boolean;
  /** Fast shutdown; resolves when the server is gone. */
  stop(): Promise<void>;
}

/**
 * Runs a real PostgreSQL server as a child that outlives us, on 127.0.0.1 and a free port, for one data folder.
 * The caller holds the instance lock of that folder. Drives the binaries of `@embedded-postgres/*` itself: that package's own
 * wrapper stops the database from exit hooks while a service still drains.
 *
 * @throws EmbeddedPostgresError
 */
export async function startEmbeddedPostgres(o: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const durable = o.durable ?? true;
  // 1. Whose database, and where it can be
  const folder = await reachableFolder(path.resolve(o.folder), o);
  const user = await databaseUser(dataFolderIn(folder));
  // 2. Binaries that this user can run
  const binaries = await usableBinaries(
    user,
    () => (user && o.cloneRoot !== undefined ? makeSubstituteFolder(o.cloneRoot) : Promise.resolve(folder)),
    o.log,
  );
  // 3. The cluster, made on first start
  const isNew = !(await stat(dataFolderIn(folder)).catch(() => undefined));
  if (isNew) o.log(`Making a PostgreSQL database in ${folder}${user ? `, run as user "${user.name}"` : ''}.`);
  const password = await openCluster({ folder, binaries, user, durable, randomBytes: o.randomBytes });
  // 4. The server: the one that is left over, or a new one
  const leftOver = await adoptPostmaster(folder, password);
  if (leftOver) o.log(`Took over the PostgreSQL that was left running (process ${leftOver.pid}).`);
  const { pid, port } = leftOver ?? (await startPostmaster({ folder, binaries, user, password, durable }));

  let stopping: Promise<void> | undefined;
  return {
    url: urlOf(port, password),
    adopted: leftOver !== undefined,
    stop: () => (stopping ??= stopPostmaster(folder, pid)),
  };
}

async function reachableFolder(wanted: string, o: EmbeddedPostgresOptions): Promise<string> {
  const user = await databaseUser(dataFolderIn(wanted));
  if (!user || (await canEnter(path.dirname(wanted), user))) return makeFolder(wanted, user);
  if (o.cloneRoot === undefined) {
    throw new EmbeddedPostgresError(
      'FOLDER_UNREACHABLE',
      `PostgreSQL runs as user "${user.name}", who cannot enter ${path.dirname(wanted)}.`,
      { path: wanted, user: user.name },
    );
  }
  const folder = path.join(await makeSubstituteFolder(o.cloneRoot), 'postgres');
  o.log(`The database is in ${folder}: user "${user.name}", whom PostgreSQL runs as, cannot enter ${wanted}.`);
  return makeFolder(folder, user);
}

/** Under root, the database's user must pass through, but not list or change, what we keep beside the data. */
async function makeFolder(folder: string, user: DatabaseUser | undefined): Promise<string> {
  const made = await mkdir(folder, { recursive: true });
  if (user && !(await canEnter(folder, user))) await chmod(folder, 0o711);
  else if (!user && made !== undefined) await chmod(folder, 0o700);
  return realpath(folder);
}
