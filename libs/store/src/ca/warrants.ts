import type { Transaction } from '../database.js';

export interface WarrantRecord {
  readonly id: string;
  readonly kind: 'batch' | 'token';
  readonly realm: string;
  readonly model: string;
  /** Set where the warrant is for one device. */
  readonly deviceRef: string | null;
  /** Generation of that device when the warrant was opened; null where it is for no device in particular. */
  readonly generation: number | null;
  readonly profile: string;
  readonly size: number;
  readonly remaining: number;
  readonly validUntil: number;
}

/** Answers whether the warrant is there now; an equal one that was there already counts, so that a retry succeeds. */
export async function insertWarrant(tx: Transaction, warrant: Omit<WarrantRecord, 'remaining'>): Promise<boolean> {
  const rows = await tx.query<{ same: boolean }>(
    `WITH made AS (
       INSERT INTO ca.warrant (id, kind, realm, model, device_ref, profile, size, remaining, valid_until, generation)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9) ON CONFLICT (id) DO NOTHING RETURNING true AS same)
     SELECT same FROM made UNION ALL
     SELECT (kind, realm, model, profile, size, valid_until) = ($2, $3, $4, $6, $7, $8) AND device_ref IS NOT DISTINCT FROM $5::uuid
       FROM ca.warrant WHERE id = $1`,
    [
      warrant.id,
      warrant.kind,
      warrant.realm,
      warrant.model,
      warrant.deviceRef,
      warrant.profile,
      warrant.size,
      warrant.validUntil,
      warrant.generation,
    ],
  );
  return rows[0]?.same === true;
}

/** Locks these warrants (after the subjects, in id order). */
export async function lockWarrants(tx: Transaction, ids: readonly string[]): Promise<Map<string, WarrantRecord>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<Omit<WarrantRecord, 'validUntil'> & { validUntil: string }>(
    `SELECT id, kind, realm, model, device_ref AS "deviceRef", generation, profile, size, remaining, valid_until AS "validUntil"
       FROM ca.warrant WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, { ...row, validUntil: Number(row.validUntil) }]));
}

/** Counts warrants down; the caller holds their locks and has checked what remains. */
export async function spendWarrants(tx: Transaction, spent: ReadonlyMap<string, number>): Promise<void> {
  if (spent.size === 0) return;
  await tx.query(
    `UPDATE ca.warrant w SET remaining = w.remaining - s.count FROM unnest($1::uuid[], $2::int[]) AS s (id, count) WHERE w.id = s.id`,
    [[...spent.keys()], [...spent.values()]],
  );
}

/** Ends what was opened for one device and may still be used. */
export async function endWarrantsOf(tx: Transaction, deviceRef: string, now: number): Promise<void> {
  await tx.query(
    'UPDATE ca.warrant SET remaining = 0, valid_until = least(valid_until, $2) WHERE device_ref = $1 AND valid_until > $2',
    [deviceRef, now - 1],
  );
}
