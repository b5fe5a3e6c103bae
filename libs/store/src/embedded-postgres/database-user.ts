import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** The operating-system user that PostgreSQL runs as. */
export interface DatabaseUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root, so root hands it to another user: the owner of the data if there is any, else `nobody`.
 * Anyone else runs it as himself: undefined.
 *
 * @param dataFolder PostgreSQL's own folder, which need not exist yet
 */
export async function databaseUser(dataFolder: string): Promise<DatabaseUser | undefined> {
  const owner = await stat(dataFolder).catch(() => undefined);
  const self = process.geteuid?.() ?? -1;
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        'FOLDER_OF_ANOTHER_USER',
        `The database in ${dataFolder} belongs to another user (uid ${owner.uid}); start as that user or as root.`,
        { path: dataFolder },
      );
    }
    return undefined;
  }
  const users = parsePasswd(await readFile('/etc/passwd', 'utf8'));
  const user =
    owner && owner.uid !== 0 ? users.find((u) => u.uid === owner.uid) : users.find((u) => u.name === 'nobody');
  if (!user || user.uid === 0) {
    throw new EmbeddedPostgresError(
      'NO_DATABASE_USER',
      owner && owner.uid !== 0
        ? `The database in ${dataFolder} belongs to uid ${owner.uid}, which has no entry in /etc/passwd.`
        : 'PostgreSQL refuses to run as root and there is no user "nobody"; start as a normal user or set DATABASE_URL.',
      { path: dataFolder },
    );
  }
  return user;
}

/** passwd(5): name:password:UID:GID:… */
export function parsePasswd(text: string): DatabaseUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (!name || !uid || !gid || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/**
 * Whether the user may enter a folder and all its parents, by the permission bits.
 *
 * @param folder must exist; undefined as user means ourselves, who are already there
 */
export async function canEnter(folder: string, user: Pick<DatabaseUser, 'uid' | 'gid'> | undefined): Promise<boolean> {
  if (!user) return true;
  for (let at = await realpath(folder); ; at = path.dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const searchBit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & searchBit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}
