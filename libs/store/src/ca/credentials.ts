import { bigintArray, booleanArray, byteaArray, integerArray, textArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

export interface CredentialRecord {
  readonly deviceRef: string;
  readonly id: string;
  readonly generation: number;
  readonly profile: string;
  readonly policy: string;
  readonly spkiSha256: Uint8Array;
  readonly listId: number;
  readonly index: number;
  /** The 8 random octets of the serialNumber: the certificate's name even after its bytes are gone. */
  readonly random: Uint8Array;
  readonly parentId: string | null;
  readonly warrantId: string | null;
  readonly notBefore: number;
  readonly notAfter: number;
  /** UTC seconds at which the renewal window opens; null: never. */
  readonly renewAfter: number | null;
  /** Replaced certificates of this line are revoked once their successor was seen. */
  readonly revokeReplaced: boolean;
  readonly seenAt: number | null;
  readonly withdrawnAt: number | null;
}

/** A credential with the value of its seat and the causes for which that certificate alone is held. */
export interface CredentialWithSeat extends CredentialRecord {
  /** 0 valid, 1 invalid, 2 suspended. */
  readonly seatValue: 0 | 1 | 2;
  readonly reason: number | null;
  readonly holds: readonly string[];
}

type Bigints = 'notBefore' | 'notAfter' | 'renewAfter' | 'seenAt' | 'withdrawnAt';
type CredentialRow = Omit<CredentialWithSeat, Bigints> & { [K in Bigints]: string | null };

/** Which credentials of a device are asked for: those that end at `endingFrom` (UTC seconds) or later, and those named besides. */
export interface CredentialSelection {
  readonly endingFrom: number;
  readonly warrantIds?: readonly string[];
  readonly ids?: readonly string[];
  /** SHA-256 of subjectPublicKeyInfos. */
  readonly keys?: readonly Uint8Array[];
  /** Devices of which every credential is wanted. */
  readonly allOf?: readonly string[];
}

/**
 * Credentials of these devices with their seats, in the order of issue. Locking the subject orders this read after every
 * earlier change of the same device.
 */
export async function credentialsOf(
  db: Queryable,
  deviceRefs: readonly string[],
  selection: CredentialSelection,
): Promise<CredentialWithSeat[]> {
  const rows = await db.query<CredentialRow>(
    `SELECT c.device_ref AS "deviceRef", c.id, c.generation, c.profile, c.policy, c.spki_sha256 AS "spkiSha256", c.list_id AS "listId",
            c.index, c.random, c.parent_id AS "parentId", c.warrant_id AS "warrantId", c.not_before AS "notBefore", c.not_after AS "notAfter",
            c.renew_after AS "renewAfter", c.revoke_replaced AS "revokeReplaced", c.seen_at AS "seenAt", c.withdrawn_at AS "withdrawnAt",
            coalesce(r.value, 0) AS "seatValue", r.reason, coalesce(r.holds, '{}') AS holds
       FROM ca.credential c
       LEFT JOIN ca.revocation r ON r.list_id = c.list_id AND r.index = c.index
      WHERE c.device_ref = ANY($1::uuid[])
        AND (c.not_after >= $2 OR c.warrant_id = ANY($3::uuid[]) OR c.id = ANY($4::uuid[]) OR c.spki_sha256 = ANY($5::bytea[])
             OR c.device_ref = ANY($6::uuid[]))
      ORDER BY c.device_ref, c.not_before, c.id`,
    [
      deviceRefs,
      selection.endingFrom,
      selection.warrantIds ?? [],
      selection.ids ?? [],
      selection.keys ?? [],
      selection.allOf ?? [],
    ],
  );
  return rows.map((row) => ({
    ...row,
    notBefore: Number(row.notBefore),
    notAfter: Number(row.notAfter),
    renewAfter: row.renewAfter === null ? null : Number(row.renewAfter),
    seenAt: row.seenAt === null ? null : Number(row.seenAt),
    withdrawnAt: row.withdrawnAt === null ? null : Number(row.withdrawnAt),
  }));
}

export async function insertCredentials(tx: Transaction, credentials: readonly CredentialRecord[]): Promise<void> {
  if (credentials.length === 0) return;
  const column = <K extends keyof CredentialRecord>(name: K): CredentialRecord[K][] => credentials.map((c) => c[name]);
  await tx.query(
    `INSERT INTO ca.credential (device_ref, id, generation, profile, policy, spki_sha256, list_id, index, random, parent_id, warrant_id,
                                not_before, not_after, renew_after, revoke_replaced)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::bytea[], $7::int[], $8::int[], $9::bytea[],
                          $10::uuid[], $11::uuid[], $12::bigint[], $13::bigint[], $14::bigint[], $15::boolean[])`,
    [
      uuidArray(column('deviceRef')),
      uuidArray(column('id')),
      integerArray(column('generation')),
      textArray(column('profile')),
      textArray(column('policy')),
      byteaArray(column('spkiSha256')),
      integerArray(column('listId')),
      integerArray(column('index')),
      byteaArray(column('random')),
      uuidArray(column('parentId')),
      uuidArray(column('warrantId')),
      bigintArray(column('notBefore')),
      bigintArray(column('notAfter')),
      bigintArray(column('renewAfter')),
      booleanArray(column('revokeReplaced')),
    ],
  );
}

export interface CredentialKey {
  readonly deviceRef: string;
  readonly id: string;
}

/** Records the first sighting of each; later sightings change nothing. */
export async function markSeen(tx: Transaction, credentials: readonly CredentialKey[], at: number): Promise<void> {
  if (credentials.length === 0) return;
  await tx.query(
    `UPDATE ca.credential c SET seen_at = $3 FROM unnest($1::uuid[], $2::uuid[]) AS k (device_ref, id)
      WHERE c.device_ref = k.device_ref AND c.id = k.id AND c.seen_at IS NULL`,
    [credentials.map((c) => c.deviceRef), credentials.map((c) => c.id), at],
  );
}

export async function markWithdrawn(tx: Transaction, credentials: readonly CredentialKey[], at: number): Promise<void> {
  if (credentials.length === 0) return;
  await tx.query(
    `UPDATE ca.credential c SET withdrawn_at = $3 FROM unnest($1::uuid[], $2::uuid[]) AS k (device_ref, id)
      WHERE c.device_ref = k.device_ref AND c.id = k.id`,
    [credentials.map((c) => c.deviceRef), credentials.map((c) => c.id), at],
  );
}
