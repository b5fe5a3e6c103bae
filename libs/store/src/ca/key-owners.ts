import { toHex } from '@touchmark/der';
import { byteaArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

export interface KeyOwner {
  readonly spkiSha256: Uint8Array;
  readonly deviceRef: string | null;
  /** Why nobody may use this key again; null where its owner may. */
  readonly blockedFor: string | null;
}

/** Owners of these keys, by the hex of spkiSha256; a key that nobody used is absent. */
export async function keyOwners(db: Queryable, spkiSha256s: readonly Uint8Array[]): Promise<Map<string, KeyOwner>> {
  const rows = await db.query<KeyOwner>(
    `SELECT spki_sha256 AS "spkiSha256", device_ref AS "deviceRef", blocked_for AS "blockedFor"
       FROM ca.key_owner WHERE spki_sha256 = ANY($1::bytea[])`,
    [byteaArray(spkiSha256s)],
  );
  return new Map(rows.map((row) => [toHex(row.spkiSha256), row]));
}

/** Claims keys that had no owner; `conflicts` counts those that somebody else claimed meanwhile: the caller starts again. */
export async function claimKeys(
  tx: Transaction,
  claims: readonly { spkiSha256: Uint8Array; deviceRef: string | null }[],
): Promise<{ conflicts: number }> {
  if (claims.length === 0) return { conflicts: 0 };
  const sorted = claims.toSorted((a, b) => Buffer.compare(a.spkiSha256, b.spkiSha256));
  const inserted = await tx.query(
    `INSERT INTO ca.key_owner (spki_sha256, device_ref) SELECT * FROM unnest($1::bytea[], $2::uuid[])
     ON CONFLICT (spki_sha256) DO NOTHING RETURNING 1`,
    [byteaArray(sorted.map((c) => c.spkiSha256)), uuidArray(sorted.map((c) => c.deviceRef))],
  );
  return { conflicts: claims.length - inserted.length };
}

/** Blocks keys for ever, whoever owns them. */
export async function blockKeys(tx: Transaction, spkiSha256s: readonly Uint8Array[], reason: string): Promise<void> {
  if (spkiSha256s.length === 0) return;
  const sorted = spkiSha256s.toSorted((a, b) => Buffer.compare(a, b));
  await tx.query(
    `INSERT INTO ca.key_owner (spki_sha256, blocked_for) SELECT DISTINCT k, $2::text FROM unnest($1::bytea[]) AS k
     ON CONFLICT (spki_sha256) DO UPDATE SET blocked_for = coalesce(ca.key_owner.blocked_for, EXCLUDED.blocked_for)`,
    [sorted, reason],
  );
}

/** Blocks every key that the device ever had a certificate for. */
export async function blockKeysOfDevice(tx: Transaction, deviceRef: string, reason: string): Promise<void> {
  const rows = await tx.query<{ spki: Uint8Array }>(
    'SELECT DISTINCT spki_sha256 AS spki FROM ca.credential WHERE device_ref = $1',
    [deviceRef],
  );
  await blockKeys(
    tx,
    rows.map((row) => row.spki),
    reason,
  );
}
