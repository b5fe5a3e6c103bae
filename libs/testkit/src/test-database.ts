import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  /** URL of the new, empty database, as the same user. */
  url: string;
  /** For `createRoles`: roles belong to the whole cluster, so each test database has its own, gone with it. */
  rolePrefix: string;
  /** Ends whatever is still connected and removes the database. */
  drop(): Promise<void>;
}

/**
 * A database that one test file has for itself, in the PostgreSQL that the whole run shares.
 *
 * @param adminUrl `inject('databaseUrl')` in an integration test
 */
export async function createTestDatabase(adminUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const rolePrefix = `${name}_`;
  return {
    url: url.href,
    rolePrefix,
    async drop() {
      await execute(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      const roles = ['ca', 'enrollment', 'responder'].map((role) => rolePrefix + role);
      await execute(adminUrl, `DROP ROLE IF EXISTS ${roles.join(', ')}`);
    },
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
