import { Client } from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { createTestDatabase } from '../libs/testkit/src/test-database.js';

describe('createTestDatabase', () => {
  it('makes an empty database and removes it even while somebody is connected', async () => {
    const database = await createTestDatabase(inject('databaseUrl'));
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = $1', [
      'public',
    ]);
    expect(rows).toEqual([{ tables: 0 }]);
    await database.drop();
    const late = new Client({ connectionString: database.url });
    await expect(late.connect()).rejects.toMatchObject({ code: '3D000' });
    await client.end().catch(() => undefined);
  });
});
