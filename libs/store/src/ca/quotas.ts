import type { Transaction } from '../database.js';

/** Certificates issued for a model in one clock hour (hours since 1970). */
export interface ModelQuota {
  readonly realm: string;
  readonly model: string;
  readonly hour: number;
  readonly issued: number;
}

/** Locks the counters of these models (in name order) and answers how much was issued already. */
export async function lockQuotas(
  tx: Transaction,
  models: readonly Omit<ModelQuota, 'issued'>[],
): Promise<ModelQuota[]> {
  if (models.length === 0) return [];
  const sorted = models.toSorted((a, b) => (`${a.realm}/${a.model}` < `${b.realm}/${b.model}` ? -1 : 1));
  const rows = await tx.query<Omit<ModelQuota, 'hour'> & { hour: string }>(
    `INSERT INTO ca.issue_quota AS q (realm, model, hour, issued)
     SELECT realm, model, hour, 0 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS m (realm, model, hour)
     ON CONFLICT (realm, model, hour) DO UPDATE SET issued = q.issued RETURNING realm, model, hour, issued`,
    [sorted.map((m) => m.realm), sorted.map((m) => m.model), sorted.map((m) => m.hour)],
  );
  return rows.map((row) => ({ ...row, hour: Number(row.hour) }));
}

/** Sets counters whose locks the transaction holds. */
export async function spendQuotas(tx: Transaction, quotas: readonly ModelQuota[]): Promise<void> {
  if (quotas.length === 0) return;
  await tx.query(
    `UPDATE ca.issue_quota q SET issued = s.issued FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) AS s (realm, model, hour, issued)
      WHERE q.realm = s.realm AND q.model = s.model AND q.hour = s.hour`,
    [quotas.map((q) => q.realm), quotas.map((q) => q.model), quotas.map((q) => q.hour), quotas.map((q) => q.issued)],
  );
}
