import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';

const BASE = '/var/lib/touchmark';

/**
 * Where root keeps what the database's user must reach when the clone lies in a folder that only root may enter:
 * `/var/lib/touchmark/<16 hex digits of the SHA-256 of the clone's real path>`, so that every clone has its own.
 */
export async function substituteFolder(cloneRoot: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await realpath(cloneRoot))
    .digest('hex');
  return path.join(BASE, hash.slice(0, 16));
}

/** Makes that folder, open to be entered (not listed) by all whatever the umask is; what lies in it protects itself. */
export async function makeSubstituteFolder(cloneRoot: string): Promise<string> {
  const folder = await substituteFolder(cloneRoot);
  for (const made of [BASE, folder]) if (await mkdirOnce(made)) await chmod(made, 0o711);
  return folder;
}

async function mkdirOnce(folder: string): Promise<boolean> {
  return (await mkdir(folder, { recursive: true })) !== undefined;
}
