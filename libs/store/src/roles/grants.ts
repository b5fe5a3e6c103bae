import { escapeIdentifier } from 'pg';
import type { Queryable } from '../database.js';
import type { ProcessRole } from './process-role.js';

/** What one role may do with the tables of a schema that its process owns. Nobody may TRUNCATE, and nobody makes or changes one. */
interface OwnedSchema {
  readonly schema: string;
  /** Once written, rows stay as they are. */
  readonly appendOnly: readonly string[];
  /** Tables whose rows the process removes; everywhere else it cannot. */
  readonly removes: readonly string[];
}

interface Rights {
  readonly owns: readonly OwnedSchema[];
  /** Views that it reads; `*`: all of the schema. */
  readonly reads: readonly (readonly [schema: string, relation: string])[];
  /** Has a queue, should it live in this database. */
  readonly queue: boolean;
}

const rights: Record<ProcessRole, Rights> = {
  ca: {
    owns: [
      {
        schema: 'ca',
        appendOnly: ['certificate', 'journal', 'hierarchy'],
        removes: ['outbox', 'revocation', 'issue_quota', 'status_batch', 'status_snapshot'],
      },
    ],
    reads: [],
    queue: true,
  },
  enrollment: {
    owns: [
      {
        schema: 'registry',
        appendOnly: ['device_event', 'refusal'],
        removes: ['model_policy', 'refusal', 'idempotency'],
      },
      { schema: 'access', appendOnly: [], removes: [] },
    ],
    reads: [
      ['ca', 'device_projection'],
      ['ca', 'device_certificate'],
      ['ca', 'certificate_owner'],
      ['ca', 'warrant_remaining'],
      ['ca', 'service_certificate'],
    ],
    queue: true,
  },
  responder: { owns: [], reads: [['publication', '*']], queue: false },
};

/** Functions that views call run with the rights of who reads the view; making a partition is the CA's alone. */
const functions: Record<ProcessRole, readonly string[]> = {
  ca: ['ca.open_certificate_partition(integer)', 'ca.serial_number(integer, integer, bytea)'],
  enrollment: ['ca.serial_number(integer, integer, bytea)'],
  responder: [],
};

const ourSchemas = ['ca', 'registry', 'access', 'publication'] as const;
const QUEUE_SCHEMA = 'bullmq';

/** A table, partitioned table, view or sequence that is no partition: those are reached through their table. */
interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'sequence';
}

/**
 * Takes every right on our schemas away from a role and gives it those that its process needs, in the caller's transaction: who
 * works meanwhile notices nothing.
 */
export async function grantRights(tx: Queryable, role: ProcessRole, name: string): Promise<void> {
  const relations = await relationsOf(tx);
  const schemas = new Set([...ourSchemas, ...relations.map(({ schema }) => schema)]);
  const to = escapeIdentifier(name);
  for (const schema of schemas) {
    await tx.query(`
      REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${to};
      REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${schema} FROM ${to};
      REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC, ${to};
      REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC, ${to};`);
  }
  for (const statement of grantsOf(role, relations)) await tx.query(`${statement} TO ${to}`);
}

function* grantsOf(role: ProcessRole, relations: readonly Relation[]): Generator<string> {
  const { owns, reads, queue } = rights[role];
  const used = new Set([...owns.map(({ schema }) => schema), ...reads.map(([schema]) => schema)]);
  for (const schema of used) yield `GRANT USAGE ON SCHEMA ${schema}`;
  for (const { schema, appendOnly, removes } of owns) {
    for (const relation of relations.filter((r) => r.schema === schema)) {
      const may = {
        view: ['SELECT'],
        sequence: ['USAGE'],
        table: [
          'SELECT',
          'INSERT',
          ...(appendOnly.includes(relation.name) ? [] : ['UPDATE']),
          ...(removes.includes(relation.name) ? ['DELETE'] : []),
        ],
      }[relation.kind];
      yield grant(may.join(', '), relation);
    }
  }
  for (const relation of relations) {
    const read = reads.some(([s, name]) => s === relation.schema && (name === '*' || name === relation.name));
    if (read && relation.kind === 'view') yield grant('SELECT', relation);
  }
  for (const signature of functions[role]) yield `GRANT EXECUTE ON FUNCTION ${signature}`;
  const jobs = relations.filter(({ schema }) => schema === QUEUE_SCHEMA);
  if (!queue || jobs.length === 0) return;
  yield `GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA}`;
  yield `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${QUEUE_SCHEMA}`;
  for (const relation of jobs) {
    const ledger = relation.name === 'migration';
    const table = ledger || relation.kind === 'view' ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE';
    yield grant(relation.kind === 'sequence' ? 'USAGE' : table, relation);
  }
}

const grant = (may: string, { schema, name, kind }: Relation): string =>
  `GRANT ${may} ON ${kind === 'sequence' ? 'SEQUENCE' : 'TABLE'} ${schema}.${escapeIdentifier(name)}`;

/** Relations of our schemas and, where the queue lives in this database, of its schema. */
async function relationsOf(tx: Queryable): Promise<Relation[]> {
  return tx.query<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name,
            CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'S') AND NOT c.relispartition ORDER BY 1, 2`,
    [[...ourSchemas, QUEUE_SCHEMA]],
  );
}
