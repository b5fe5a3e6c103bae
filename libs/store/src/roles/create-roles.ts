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
  /** Roles that keep the passwords that they have: a process may be using them. */
  readonly keepPasswords?: boolean;
}

/** The URL of each role: a secret, for its password is in it. */
export type RoleUrls = Readonly<Record<ProcessRole, string>>;

// any constant will do, as long as every process uses the same one
const rolesLock = 0x746d_6b32;
const PASSWORD_LENGTH = 32;

/**
 * Makes the role of each process where it is missing, gives it a new password, and grants it what its process needs and nothing
 * else: no role owns anything, so none can change the schema. Needs the owner of the schemas, with CREATEROLE; to be called after
 * the migrations, those of the queue too. Processes that run keep their connections.
 *
 * Throws STORE_ROLES_FORBIDDEN where the owner may not make roles, STORE_ROLE_UNSAFE for one that exists and may more than it should.
 */
export async function createRoles(ownerUrl: string, options: RoleOptions): Promise<RoleUrls> {
  const password = (): string => Buffer.from(options.randomBytes(PASSWORD_LENGTH)).toString('base64url');
  const passwords: Record<ProcessRole, string> = { ca: password(), enrollment: password(), responder: password() };
  const nameOf = (role: ProcessRole): string => roleName(options.prefix, role);
  const urlOf = (role: ProcessRole): string => roleUrl(ownerUrl, nameOf(role), passwords[role]);
  const urls = { ca: urlOf('ca'), enrollment: urlOf('enrollment'), responder: urlOf('responder') };
  await asOwner(ownerUrl, async (tx) => {
    for (const role of processRoles) {
      const name = nameOf(role);
      await makeRole(tx, name);
      await checkHarmless(tx, name);
      if (options.keepPasswords !== true) {
        const verifier = scramVerifier(passwords[role], options.randomBytes(16));
        await tx.query(`ALTER ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(verifier)}`);
      }
      await grantRights(tx, role, name);
    }
  });
  return urls;
}

/** Removes the roles and what they were granted in this database, for who gives an installation up. Missing ones are no error. */
export async function dropRoles(ownerUrl: string, prefix: string): Promise<void> {
  await asOwner(ownerUrl, async (tx) => {
    for (const role of processRoles) {
      const name = roleName(prefix, role);
      const found = await tx.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      if (found.length > 0)
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
    await work({
      async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
        const { rows }: { rows: unknown[] } = await client.query(
          sql,
          parameters.length > 0 ? [...parameters] : undefined,
        );
        // what a statement answers is known where it is written
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return rows as Row[];
      },
    });
    await client.query('COMMIT');
  } catch (error) {
    throw isForbidden(error) ? new StoreError('STORE_ROLES_FORBIDDEN', error) : toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
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
      new Error(`the role ${name} has rights of its own: choose another prefix`),
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
