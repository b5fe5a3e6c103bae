import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../database.js';
import { StoreError, toStoreError } from '../store-error.js';
import { grantRights } from './grants.js';
import { type ProcessRole, processRoles, roleName } from './process-role.js';
import { scramVerifier } from './scram-verifier.js';

export interface RoleOptions {
  /** Roles belong to the whole cluster: one prefix for each installation in it. */
  readonly prefix: string;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** The URL of each role: a secret, for its password is in it. */
export type RoleUrls = Readonly<Record<ProcessRole, string>>;

// any constant will do, as long as every process uses the same one
const rolesLock = 0x746d_6b32;
const PASSWORD_LENGTH = 32;

/** The role of each process, as `createRole` makes it. */
export async function createRoles(ownerUrl: string, options: RoleOptions): Promise<RoleUrls> {
  return {
    ca: await createRole(ownerUrl, 'ca', options),
    enrollment: await createRole(ownerUrl, 'enrollment', options),
    responder: await createRole(ownerUrl, 'responder', options),
  };
}

/**
 * Makes a role where it is missing, gives it a new password, and grants it what its process needs and nothing else: it owns
 * nothing, so it cannot change the schema. Needs the owner of the schemas, with CREATEROLE; to be called after the migrations, those
 * of the queue too. A process that runs keeps its connections. Resolves with the role's URL.
 *
 * Throws STORE_ROLES_FORBIDDEN where the owner may not make roles, STORE_ROLE_UNSAFE for one that exists and may more than it should,
 * STORE_ROLE_TAKEN for one that works in another database of the cluster: a new password would shut its process out.
 */
export async function createRole(ownerUrl: string, role: ProcessRole, options: RoleOptions): Promise<string> {
  const { prefix, randomBytes } = options;
  const name = roleName(prefix, role);
  const password = Buffer.from(randomBytes(PASSWORD_LENGTH)).toString('base64url');
  await asOwner(ownerUrl, async (tx) => {
    await makeRole(tx, name);
    await checkHarmless(tx, name);
    await checkNotTaken(tx, name);
    const verifier = scramVerifier(password, randomBytes(16));
    await tx.query(`ALTER ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(verifier)}`);
    await grantRights(tx, role, name);
  });
  return roleUrl(ownerUrl, name, password);
}

/** After a migration: grants the roles that there are what their processes need now, and leaves their passwords alone. */
export async function grantRoles(ownerUrl: string, prefix: string): Promise<void> {
  await asOwner(ownerUrl, async (tx) => {
    for (const role of processRoles) {
      const name = roleName(prefix, role);
      if (!(await exists(tx, name))) continue;
      await checkHarmless(tx, name);
      await grantRights(tx, role, name);
    }
  });
}

/** Removes the roles and what they were granted in this database, for who gives an installation up. Missing ones are no error. */
export async function dropRoles(ownerUrl: string, prefix: string): Promise<void> {
  await asOwner(ownerUrl, async (tx) => {
    for (const role of processRoles) {
      const name = roleName(prefix, role);
      if (await exists(tx, name))
        await tx.query(`DROP OWNED BY ${escapeIdentifier(name)}; DROP ROLE ${escapeIdentifier(name)}`);
    }
  });
}

async function asOwner(url: string, work: (tx: Queryable) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'touchmark roles' });
  // a connection that breaks also fails the statement that waits for it
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [rolesLock]);
    await work(queryable(client));
    await client.query('COMMIT');
  } catch (error) {
    throw isForbidden(error) ? new StoreError('STORE_ROLES_FORBIDDEN', error) : toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const queryable = (client: Client): Queryable => ({
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const { rows }: { rows: unknown[] } = await client.query(sql, parameters.length > 0 ? [...parameters] : undefined);
    // what a statement answers is known where it is written
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return rows as Row[];
  },
});

async function exists(tx: Queryable, name: string): Promise<boolean> {
  return (await tx.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])).length > 0;
}

/** The advisory lock orders those of one database; another database of the cluster may be as fast. */
async function makeRole(tx: Queryable, name: string): Promise<void> {
  await tx.query(`
    DO $$ BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ${escapeLiteral(name)}) THEN
        CREATE ROLE ${escapeIdentifier(name)} LOGIN NOINHERIT;
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
}

/** For a process at its start. Throws STORE_ROLE_UNSAFE where its URL is the owner's, or another's that may more than a process should. */
export async function checkProcessRole(url: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'touchmark roles' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
    const [row] = rows;
    if (row) await checkHarmless(queryable(client), row.name);
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A role that has rights in another database of the cluster is another installation's with the same prefix. */
async function checkNotTaken(tx: Queryable, name: string): Promise<void> {
  const rows = await tx.query<{ database: string }>(
    `SELECT DISTINCT d.datname AS database
       FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
       JOIN pg_database d ON d.oid = s.dbid
      WHERE r.rolname = $1 AND d.datname <> current_database()`,
    [name],
  );
  const [other] = rows;
  if (other)
    throw new StoreError(
      'STORE_ROLE_TAKEN',
      new Error(`the role ${name} works in the database ${other.database}: choose another prefix`),
    );
}

/** A role of this name that somebody else made might be anything: it is not ours unless it can do nothing. */
async function checkHarmless(tx: Queryable, name: string): Promise<void> {
  const rows = await tx.query(
    `SELECT 1 FROM pg_roles r
      WHERE r.rolname = $1
        AND (r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls
          OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid)
          OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid)
          OR EXISTS (SELECT 1 FROM pg_namespace n WHERE n.nspowner = r.oid)
          OR EXISTS (SELECT 1 FROM pg_proc p WHERE p.proowner = r.oid))`,
    [name],
  );
  if (rows.length > 0)
    throw new StoreError(
      'STORE_ROLE_UNSAFE',
      new Error(`the role ${name} has rights of its own: it is the owner’s or somebody else’s, not that of a process`),
    );
}

function roleUrl(ownerUrl: string, name: string, password: string): string {
  const url = new URL(ownerUrl);
  // over a socket the URL has no host, and then no place for a user
  if (url.hostname === '') {
    url.searchParams.set('user', name);
    url.searchParams.set('password', password);
  } else {
    url.username = name;
    url.password = password;
  }
  return url.href;
}

function isForbidden(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '42501';
}
