import { randomBytes } from 'node:crypto';
import { migrateJobs } from '@touchmark/jobs';
import {
  checkProcessRole,
  createRole,
  createRoles,
  dropRoles,
  grantRoles,
  migrate,
  type ProcessRole,
  processRoles,
  type RoleUrls,
} from '@touchmark/store';
import { createTestDatabase, type TestDatabase } from '@touchmark/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const INSUFFICIENT_PRIVILEGE = '42501';
const verbs = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;
type Verb = (typeof verbs)[number];

/** What a role may do with a relation, as first letters: siud. Everything that is not written here is forbidden to it. */
const allowed: Record<ProcessRole, Record<string, string>> = {
  ca: {
    'ca.authority': 'siu',
    'ca.certificate': 'si',
    'ca.credential': 'siu',
    'ca.crl': 'siu',
    'ca.hierarchy': 'si',
    'ca.issue_quota': 'siud',
    'ca.issuing_clock': 'siu',
    'ca.journal': 'si',
    'ca.journal_head': 'siu',
    'ca.key_owner': 'siu',
    'ca.outbox': 'siud',
    'ca.revocation': 'siud',
    'ca.service_credential': 'siu',
    'ca.service_holder': 'siu',
    'ca.serving': 'siu',
    'ca.status_batch': 'siud',
    'ca.status_head': 'siu',
    'ca.status_list': 'siu',
    'ca.status_snapshot': 'siud',
    'ca.status_token': 'siu',
    'ca.subject': 'siu',
    'ca.warrant': 'siu',
    'ca.certificate_owner': 's',
    'ca.device_certificate': 's',
    'ca.device_projection': 's',
    'ca.service_certificate': 's',
    'ca.warrant_remaining': 's',
    'bullmq.*': 'siud',
    'bullmq.migration': 's',
  },
  enrollment: {
    'ca.certificate_owner': 's',
    'ca.device_certificate': 's',
    'ca.device_projection': 's',
    'ca.service_certificate': 's',
    'ca.warrant_remaining': 's',
    'registry.batch': 'siu',
    'registry.device': 'siu',
    'registry.device_event': 'si',
    'registry.enrollment_policy': 'siu',
    'registry.enrollment_token': 'siu',
    'registry.factory': 'siu',
    'registry.idempotency': 'siud',
    'registry.model': 'siu',
    'registry.model_policy': 'siud',
    'registry.projection_sweep': 'siu',
    'registry.refusal': 'sid',
    'access.issued_token': 'siu',
    'access.jwk': 'siu',
    'bullmq.*': 'siud',
    'bullmq.migration': 's',
  },
  responder: {
    'publication.authority': 's',
    'publication.crl': 's',
    'publication.issued_seat': 's',
    'publication.journal': 's',
    'publication.journal_head': 's',
    'publication.revocation': 's',
    'publication.status_batch': 's',
    'publication.status_head': 's',
    'publication.status_list': 's',
    'publication.status_signer': 's',
    'publication.status_snapshot': 's',
    'publication.status_token': 's',
  },
};

/** What no process may do, whatever it owns. */
const forbidden: readonly string[] = [
  'CREATE SCHEMA of_mine',
  ...['ca', 'registry', 'access', 'publication', 'bullmq', 'public'].map(
    (s) => `CREATE TABLE ${s}.of_mine (id integer)`,
  ),
  "CREATE FUNCTION bullmq.of_mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
  'CREATE SEQUENCE bullmq.of_mine',
  'CREATE ROLE of_mine',
  'CREATE EXTENSION pg_stat_statements',
  'SELECT rolpassword FROM pg_authid',
  "SELECT pg_read_file('/etc/passwd')",
  "COPY (SELECT 1) TO PROGRAM 'true'",
  'SET session_replication_role = replica',
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
];

/** What only who owns a table may do; the owner owns them all. */
const ownersOnly: readonly string[] = [
  'ALTER TABLE ca.journal DISABLE TRIGGER ALL',
  'ALTER TABLE ca.certificate DETACH PARTITION ca.certificate_7',
  'ALTER TABLE registry.device ADD COLUMN mine integer',
  'DROP TABLE registry.refusal',
  'DROP VIEW publication.journal',
  'CREATE OR REPLACE VIEW ca.warrant_remaining AS SELECT id, size, size AS remaining FROM ca.warrant',
];

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
}

let database: TestDatabase;
let urls: RoleUrls;
let owner: Client;
let relations: Relation[];

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  await migrate(database.url);
  await migrateJobs(database.url);
  urls = await makeRoles();
  owner = await connect(database.url);
  await owner.query('SELECT ca.open_certificate_partition(7)');
  const { rows } = await owner.query<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name, (array_agg(a.attname ORDER BY a.attnum DESC))[1] AS column
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE n.nspname IN ('ca', 'registry', 'access', 'publication', 'bullmq', 'public') AND c.relkind IN ('r', 'p', 'v')
      GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  relations = rows;
});

afterAll(async () => {
  await owner?.end();
  await database?.drop();
});

const makeRoles = (): Promise<RoleUrls> => createRoles(database.url, { prefix: database.rolePrefix, randomBytes });

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** SQLSTATE of a statement that is always undone; undefined if it went through. */
async function sqlState(client: Client, statement: string): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    await client.query(statement);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  } finally {
    await client.query('ROLLBACK');
  }
}

function attempt(verb: Verb, { schema, name, column }: Relation): string {
  const relation = `${schema}."${name}"`;
  switch (verb) {
    case 'SELECT':
      return `SELECT * FROM ${relation} LIMIT 0`;
    case 'INSERT':
      return `INSERT INTO ${relation} DEFAULT VALUES`;
    case 'UPDATE':
      return `UPDATE ${relation} SET "${column}" = "${column}" WHERE false`;
    case 'DELETE':
      return `DELETE FROM ${relation} WHERE false`;
    case 'TRUNCATE':
      return `TRUNCATE ${relation}`;
    default:
      return verb satisfies never;
  }
}

/** No right to it; no such act on a view; a view that cannot be written through. */
const refused = new Set([INSUFFICIENT_PRIVILEGE, '42809', '55000', '0A000']);

const letters: Record<Verb, string> = { SELECT: 's', INSERT: 'i', UPDATE: 'u', DELETE: 'd', TRUNCATE: '-' };

/** The verbs that the database lets through, whatever the statement then comes to. */
async function permitted(client: Client, relation: Relation): Promise<string> {
  let found = '';
  for (const verb of verbs)
    if (!refused.has((await sqlState(client, attempt(verb, relation))) ?? '')) found += letters[verb];
  return found;
}

describe.each(processRoles)('the role of %s', (role) => {
  let client: Client;

  beforeAll(async () => {
    client = await connect(urls[role]);
  });
  afterAll(() => client?.end());

  it('may do with each table and view what its process needs, and nothing else', async () => {
    const found: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const relation of relations) {
      const name = `${relation.schema}.${relation.name}`;
      found[name] = await permitted(client, relation);
      expected[name] = allowed[role][name] ?? allowed[role][`${relation.schema}.*`] ?? '';
    }
    expect(found).toEqual(expected);
    // every line of the table above speaks of something that exists
    const known = new Set(Object.keys(found));
    expect(Object.keys(allowed[role]).filter((name) => !name.endsWith('*') && !known.has(name))).toEqual([]);
  });

  it.each(forbidden)('may not: %s', async (statement) => {
    expect(await sqlState(client, statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it.each(ownersOnly)('owns nothing, so may not: %s', async (statement) => {
    expect(await sqlState(client, statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('may become none of the others', async () => {
    for (const other of processRoles.filter((one) => one !== role))
      expect(await sqlState(client, `SET ROLE ${database.rolePrefix}${other}`)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('makes no database', async () => {
    await expect(client.query('CREATE DATABASE of_mine')).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });

  it('may listen', async () => {
    expect(await sqlState(client, 'LISTEN touchmark_status')).toBeUndefined();
  });

  it('opens partitions if it is the CA', async () => {
    const state = await sqlState(client, 'SELECT ca.open_certificate_partition(8)');
    expect(state).toBe(role === 'ca' ? undefined : INSUFFICIENT_PRIVILEGE);
  });

  it.each(['ca.status_list_id', 'bullmq.job_seq'])('takes numbers of %s only if it needs them', async (sequence) => {
    const needs = sequence.startsWith('ca.') ? role === 'ca' : role !== 'responder';
    expect(await sqlState(client, `SELECT nextval('${sequence}')`)).toBe(needs ? undefined : INSUFFICIENT_PRIVILEGE);
  });
});

describe('createRoles', () => {
  it('again keeps connections open, changes passwords, and takes away what was granted besides', async () => {
    const before = await connect(urls.responder);
    await owner.query(`GRANT USAGE ON SCHEMA ca TO ${database.rolePrefix}responder`);
    await owner.query(`GRANT SELECT ON ca.subject TO ${database.rolePrefix}responder`);
    expect(await sqlState(before, 'SELECT * FROM ca.subject')).toBeUndefined();
    const previous = urls;
    urls = await makeRoles();
    expect(await sqlState(before, 'SELECT * FROM publication.journal')).toBeUndefined();
    expect(await sqlState(before, 'SELECT * FROM ca.subject')).toBe(INSUFFICIENT_PRIVILEGE);
    await before.end();
    expect(urls.responder).not.toBe(previous.responder);
    await (await connect(urls.responder)).end();
    const { rows } = await owner.query<{ rolpassword: string }>(
      `SELECT rolpassword FROM pg_authid WHERE rolname = '${database.rolePrefix}responder'`,
    );
    expect(rows[0]?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  it('for one role leaves the passwords of the others as they were', async () => {
    const options = { prefix: database.rolePrefix, randomBytes };
    urls = { ...urls, enrollment: await createRole(database.url, 'enrollment', options) };
    await (await connect(urls.enrollment)).end();
    const client = await connect(urls.ca);
    expect(await sqlState(client, 'SELECT 1 FROM ca.subject')).toBeUndefined();
    await client.end();
  });

  it('grants after a migration without new passwords, and makes no role', async () => {
    await owner.query(`REVOKE SELECT ON publication.crl FROM ${database.rolePrefix}responder`);
    await grantRoles(database.url, database.rolePrefix);
    const client = await connect(urls.responder);
    expect(await sqlState(client, 'SELECT 1 FROM publication.crl')).toBeUndefined();
    await client.end();
    await grantRoles(database.url, `${database.rolePrefix}none_`);
    const { rows } = await owner.query(`SELECT 1 FROM pg_roles WHERE rolname LIKE '${database.rolePrefix}none_%'`);
    expect(rows).toEqual([]);
  });

  it('several at once end with roles that are whole', async () => {
    const all = await Promise.all([makeRoles(), makeRoles(), makeRoles()]);
    const { rows } = await owner.query<{ count: string }>(
      `SELECT count(*) FROM pg_roles WHERE rolname LIKE '${database.rolePrefix.replaceAll('_', '\\_')}%' AND rolcanlogin`,
    );
    expect(rows[0]?.count).toBe('3');
    expect(all).toHaveLength(3);
    urls = await makeRoles();
  });

  it('refuses a role that somebody else made and that may more', async () => {
    const prefix = `${database.rolePrefix}x_`;
    await owner.query(`CREATE ROLE ${prefix}ca SUPERUSER`);
    try {
      await expect(createRoles(database.url, { prefix, randomBytes })).rejects.toMatchObject({
        code: 'STORE_ROLE_UNSAFE',
      });
      const { rows } = await owner.query<{ rolname: string }>(
        `SELECT rolname FROM pg_roles WHERE rolname LIKE '${prefix}%'`,
      );
      expect(rows).toEqual([{ rolname: `${prefix}ca` }]);
    } finally {
      await owner.query(`DROP ROLE ${prefix}ca`);
    }
  });

  it('refuses an owner who may not make roles', async () => {
    await expect(
      createRoles(urls.enrollment, { prefix: `${database.rolePrefix}y_`, randomBytes }),
    ).rejects.toMatchObject({ code: 'STORE_ROLES_FORBIDDEN' });
  });

  it.each(['', 'Upper_', '1st_', 'quote"', "ca'; DROP ROLE x; --", 'a'.repeat(41), 'with-dash'])(
    'refuses the prefix %j before it says anything to the database',
    async (prefix) => {
      await expect(createRoles(database.url, { prefix, randomBytes })).rejects.toThrow(TypeError);
    },
  );

  it('can be undone', async () => {
    const prefix = `${database.rolePrefix}z_`;
    await createRoles(database.url, { prefix, randomBytes });
    await dropRoles(database.url, prefix);
    const { rows } = await owner.query(`SELECT 1 FROM pg_roles WHERE rolname LIKE '${prefix}%'`);
    expect(rows).toEqual([]);
  });
});

describe('a process at its start', () => {
  it('takes its own role, and not the owner’s', async () => {
    for (const role of processRoles) await checkProcessRole(urls[role]);
    await expect(checkProcessRole(database.url)).rejects.toMatchObject({ code: 'STORE_ROLE_UNSAFE' });
  });

  it('with a password that is not its role’s any more has no database', async () => {
    const url = new URL(urls.ca);
    url.password = 'another';
    await expect(checkProcessRole(url.href)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('a second installation in the cluster with the same prefix', () => {
  it('is refused, and the first one keeps its passwords', async () => {
    const second = await createTestDatabase(inject('databaseUrl'));
    try {
      await migrate(second.url);
      const taken = createRole(second.url, 'ca', { prefix: database.rolePrefix, randomBytes });
      await expect(taken).rejects.toMatchObject({ code: 'STORE_ROLE_TAKEN' });
      await checkProcessRole(urls.ca);
    } finally {
      await second.drop();
    }
  });
});
