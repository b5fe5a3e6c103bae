import type { Queryable, Transaction } from '../database.js';

/** Certificates issued for a model in one clock hour (hours since 1970). */
export interface ModelQuota {
  readonly realm: string;
  readonly model: string;
  readonly hour: number;
  readonly issued: number;
}

/** What was issued for these models by transactions that have committed; models without any are absent. */
export async function readQuotas(db: Queryable, models: readonly Omit<ModelQuota, 'issued'>[]): Promise<ModelQuota[]> {
  if (models.length === 0) return [];
  const rows = await db.query<Omit<ModelQuota, 'hour'> & { hour: string }>(
    `SELECT q.realm, q.model, q.hour, q.issued FROM ca.issue_quota q
       JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS m (realm, model, hour)
         ON q.realm = m.realm AND q.model = m.model AND q.hour = m.hour`,
    [models.map((m) => m.realm), models.map((m) => m.model), models.map((m) => m.hour)],
  );
  return rows.map((row) => ({ ...row, hour: Number(row.hour) }));
}

/** Adds to the counters (in name order). Their rows stay locked until the commit, so this comes as late as it can. */
export async function addToQuotas(tx: Transaction, added: readonly ModelQuota[]): Promise<void> {
  if (added.length === 0) return;
  const sorted = added.toSorted((a, b) => (`${a.realm}/${a.model}` < `${b.realm}/${b.model}` ? -1 : 1));
  await tx.query(
    `INSERT INTO ca.issue_quota AS q (realm, model, hour, issued)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[])
     ON CONFLICT (realm, model, hour) DO UPDATE SET issued = q.issued + EXCLUDED.issued`,
    [sorted.map((q) => q.realm), sorted.map((q) => q.model), sorted.map((q) => q.hour), sorted.map((q) => q.issued)],
  );
}
