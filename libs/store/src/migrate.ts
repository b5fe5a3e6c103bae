import { migrations } from '@touchmark/migrations';
import { DataSource } from 'typeorm';
import { toStoreError } from './store-error.js';

// any constant will do, as long as every process uses the same one
const migrationLock = 0x746d_6b31;

/** Brings the schemas up to date as the owner role. Several processes may call it at once: an advisory lock orders them. */
export async function migrate(url: string): Promise<{ applied: string[] }> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'touchmark migrate',
    poolSize: 2,
    installExtensions: false,
    logging: false,
    migrations,
    migrationsTableName: 'touchmark_migration',
  });
  try {
    await dataSource.initialize();
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return { applied: ran.map((migration) => migration.name) };
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
      await lock.release();
    }
  } catch (error) {
    throw toStoreError(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}
