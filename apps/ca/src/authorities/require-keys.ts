import { KeyFolder } from '@touchmark/keys';
import { UsageError } from '@touchmark/server';
import { activeAuthorities, Database } from '@touchmark/store';

/**
 * Before anything is changed that a running service depends on: throws UsageError where the database knows issuing CAs whose keys do
 * not lie in the folder. Then the folder is that of another installation, or a new one by mistake. Makes nothing.
 */
export async function requireKeys(ownerUrl: string, folder: string): Promise<void> {
  const db = await Database.open({ url: ownerUrl, poolSize: 1, applicationName: 'touchmark init' });
  try {
    const ids = new Set(await KeyFolder.idsIn(folder));
    const missing = (await activeAuthorities(db)).filter(({ id, kind }) => kind !== 'root' && !ids.has(id));
    if (missing.length === 0) return;
    throw new UsageError(
      `the database is that of another folder: the keys of its certification authorities are not in ${folder}; nothing was changed`,
    );
  } finally {
    await db.close();
  }
}
