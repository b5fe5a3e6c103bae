import type { Queryable, Transaction } from '../database.js';
import type { Seat } from './certificates.js';

/** A seat that is not valid. */
export interface RevocationRecord extends Seat {
  /** Null where the certificate is not on record: it was issued after the backup that the database was restored from. */
  readonly random: Uint8Array | null;
  /** 1 invalid, 2 suspended. */
  readonly value: 1 | 2;
  /** CRLReason number (RFC 5280 section 5.3.1). */
  readonly reason: number;
  readonly revokedAt: number;
  readonly invalidityDate: number | null;
  /** Causes for which this certificate alone is held. */
  readonly holds: readonly string[];
}

/** Writes what is not valid now. An invalid seat stays as it was: invalid absorbs. */
export async function saveRevocations(tx: Transaction, revocations: readonly RevocationRecord[]): Promise<void> {
  if (revocations.length === 0) return;
  await tx.query(
    `INSERT INTO ca.revocation AS r (list_id, index, random, value, reason, revoked_at, invalidity_date, holds)
     SELECT e.list_id, e.index, e.random, e.value, e.reason, e.revoked_at, e.invalidity_date, e.holds::text[]
       FROM unnest($1::int[], $2::int[], $3::bytea[], $4::smallint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[])
            AS e (list_id, index, random, value, reason, revoked_at, invalidity_date, holds)
     ON CONFLICT (list_id, index) DO UPDATE
        SET value = EXCLUDED.value, reason = EXCLUDED.reason,
            -- a further hold does not make the suspension younger
            revoked_at = CASE WHEN r.value = EXCLUDED.value THEN r.revoked_at ELSE EXCLUDED.revoked_at END,
            invalidity_date = EXCLUDED.invalidity_date, holds = EXCLUDED.holds
      WHERE r.value <> 1`,
    [
      revocations.map((r) => r.listId),
      revocations.map((r) => r.index),
      revocations.map((r) => r.random),
      revocations.map((r) => r.value),
      revocations.map((r) => r.reason),
      revocations.map((r) => r.revokedAt),
      revocations.map((r) => r.invalidityDate),
      revocations.map((r) => toArrayLiteral(r.holds)),
    ],
  );
}

/** Removes seats that became valid again (released). */
export async function removeSuspensions(tx: Transaction, seats: readonly Seat[]): Promise<void> {
  if (seats.length === 0) return;
  await tx.query(
    `DELETE FROM ca.revocation r USING unnest($1::int[], $2::int[]) AS s (list_id, index)
      WHERE r.list_id = s.list_id AND r.index = s.index AND r.value = 2`,
    [seats.map((s) => s.listId), seats.map((s) => s.index)],
  );
}

export async function revocationsOf(db: Queryable, listId: number): Promise<RevocationRecord[]> {
  const rows = await db.query<
    Omit<RevocationRecord, 'revokedAt' | 'invalidityDate'> & { revokedAt: string; invalidityDate: string | null }
  >(
    `SELECT list_id AS "listId", index, random, value, reason, revoked_at AS "revokedAt", invalidity_date AS "invalidityDate", holds
       FROM ca.revocation WHERE list_id = $1 ORDER BY index`,
    [listId],
  );
  return rows.map((row) => ({
    ...row,
    revokedAt: Number(row.revokedAt),
    invalidityDate: row.invalidityDate === null ? null : Number(row.invalidityDate),
  }));
}

const toArrayLiteral = (values: readonly string[]): string => `{${values.map((v) => JSON.stringify(v)).join(',')}}`;
