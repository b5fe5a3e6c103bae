import type { Queryable } from '../database.js';

export interface IdempotencyScopeRecord {
  readonly owner: string;
  readonly operation: string;
  readonly key: string;
}

/** What a caller claims a key for; times in UTC seconds. */
export interface IdempotencyClaimRecord extends IdempotencyScopeRecord {
  readonly bodyHash: Uint8Array;
  readonly at: number;
  readonly until: number;
  readonly abandonedBefore: number;
}

export interface KnownIdempotencyKey {
  readonly bodyHash: Uint8Array;
  readonly answer: { readonly status: number; readonly body: string | undefined } | undefined;
}

/** Takes the key in one statement, or answers what is there already. Past `until`, or abandoned unanswered, it is taken over. */
export async function claimIdempotencyKey(
  db: Queryable,
  claim: IdempotencyClaimRecord,
): Promise<KnownIdempotencyKey | undefined> {
  const [row] = await db.query<{ bodyHash: Uint8Array; status: number | null; body: string | null; claimed: boolean }>(
    `WITH taken AS (
       INSERT INTO registry.idempotency AS i (owner, operation, key, body_hash, claimed_at, kept_until)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (owner, operation, key) DO UPDATE
          SET body_hash = EXCLUDED.body_hash, claimed_at = EXCLUDED.claimed_at, kept_until = EXCLUDED.kept_until,
              status = NULL, body = NULL
        WHERE i.kept_until <= $5 OR (i.status IS NULL AND i.claimed_at < $7)
       RETURNING i.body_hash)
     SELECT body_hash AS "bodyHash", NULL::int AS status, NULL AS body, true AS claimed FROM taken
     UNION ALL
     SELECT body_hash, status, body, false FROM registry.idempotency
      WHERE owner = $1 AND operation = $2 AND key = $3 AND NOT EXISTS (SELECT FROM taken)`,
    [claim.owner, claim.operation, claim.key, claim.bodyHash, claim.at, claim.until, claim.abandonedBefore],
  );
  if (row?.claimed) return undefined;
  // the first request committed between our two looks: it is running or just done
  if (!row) return { bodyHash: claim.bodyHash, answer: undefined };
  const { bodyHash, status, body } = row;
  return { bodyHash, answer: status === null ? undefined : { status, body: body ?? undefined } };
}

export async function completeIdempotencyKey(
  db: Queryable,
  scope: IdempotencyScopeRecord,
  answer: { readonly status: number; readonly body: string | undefined },
): Promise<void> {
  await db.query(
    'UPDATE registry.idempotency SET status = $4, body = $5 WHERE owner = $1 AND operation = $2 AND key = $3',
    [scope.owner, scope.operation, scope.key, answer.status, answer.body ?? null],
  );
}

export async function releaseIdempotencyKey(db: Queryable, scope: IdempotencyScopeRecord): Promise<void> {
  await db.query(
    'DELETE FROM registry.idempotency WHERE owner = $1 AND operation = $2 AND key = $3 AND status IS NULL',
    [scope.owner, scope.operation, scope.key],
  );
}

/** Removes what is past its time; answers how many. */
export async function forgetIdempotencyKeys(db: Queryable, now: number): Promise<number> {
  const rows = await db.query('DELETE FROM registry.idempotency WHERE kept_until <= $1 RETURNING 1', [now]);
  return rows.length;
}
