import type { Queryable, Transaction } from '../database.js';

/** A job caused by a change: written in the change's own transaction, handed to the queue afterwards. Payloads carry ids only. */
export interface OutboxJob {
  readonly queue: string;
  /** Jobs of one queue with the same key that wait at the same time are one job. */
  readonly key: string;
  readonly payload: Record<string, string | number>;
}

/** NOTIFY channel that says that jobs wait. */
export const outboxChannel = 'touchmark_outbox';

export async function appendOutbox(tx: Transaction, jobs: readonly OutboxJob[]): Promise<void> {
  if (jobs.length === 0) return;
  await tx.query(
    `WITH put AS (INSERT INTO ca.outbox (queue, key, payload) SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[]))
     SELECT pg_notify('${outboxChannel}', '')`,
    [jobs.map((j) => j.queue), jobs.map((j) => j.key), jobs.map((j) => JSON.stringify(j.payload))],
  );
}

/** Takes up to `limit` waiting jobs; they are gone when the transaction commits and back when it does not. */
export async function takeOutbox(tx: Transaction, limit: number): Promise<OutboxJob[]> {
  return tx.query<OutboxJob>(
    `DELETE FROM ca.outbox WHERE id IN (SELECT id FROM ca.outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
     RETURNING queue, key, payload`,
    [limit],
  );
}

export async function countOutbox(db: Queryable): Promise<number> {
  const rows = await db.query<{ count: string }>('SELECT count(*) AS count FROM ca.outbox');
  return Number(rows[0]?.count);
}
