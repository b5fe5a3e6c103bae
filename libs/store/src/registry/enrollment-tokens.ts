import type { Queryable } from '../database.js';

export interface EnrollmentTokenRecord {
  readonly id: string;
  /** SHA-256 of the 32 octets; the secret itself is nowhere. */
  readonly secretSha256: Uint8Array;
  readonly policyId: string;
  readonly modelId: string;
  readonly deviceRef: string;
  readonly deviceSerial: string;
  readonly warrantId: string;
  /** UTC seconds. */
  readonly validUntil: number;
  /** `sub` of the token that made it. */
  readonly createdBy: string;
}

/** A token with the names that it is shown by. */
export interface EnrollmentTokenView extends Omit<EnrollmentTokenRecord, 'secretSha256'> {
  readonly realm: string;
  readonly model: string;
  readonly policy: string;
  readonly revoked: boolean;
  /** A certificate was issued on it. */
  readonly used: boolean;
  /** UTC seconds. */
  readonly createdAt: number;
}

const selection = `SELECT t.id, t.policy_id AS "policyId", t.model_id AS "modelId", t.device_ref AS "deviceRef",
    t.device_serial AS "deviceSerial", t.warrant_id AS "warrantId", t.valid_until::float8 AS "validUntil", t.created_by AS "createdBy",
    floor(extract(epoch FROM t.created_at))::float8 AS "createdAt", t.revoked_at IS NOT NULL AS revoked,
    m.realm, m.name AS model, p.name AS policy, coalesce(w.remaining = 0, false) AS used
  FROM registry.enrollment_token t
  JOIN registry.model m ON m.id = t.model_id
  JOIN registry.enrollment_policy p ON p.id = t.policy_id
  LEFT JOIN ca.warrant_remaining w ON w.id = t.warrant_id`;

export async function insertEnrollmentToken(db: Queryable, token: EnrollmentTokenRecord): Promise<void> {
  await db.query(
    `INSERT INTO registry.enrollment_token
       (id, secret_sha256, policy_id, model_id, device_ref, device_serial, warrant_id, valid_until, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      token.id,
      token.secretSha256,
      token.policyId,
      token.modelId,
      token.deviceRef,
      token.deviceSerial,
      token.warrantId,
      token.validUntil,
      token.createdBy,
    ],
  );
}

/** By id, or by the SHA-256 of the secret: an index lookup of a hash tells nothing by its time. */
export async function findEnrollmentToken(
  db: Queryable,
  by: { readonly id: string } | { readonly secretSha256: Uint8Array },
): Promise<EnrollmentTokenView | undefined> {
  const [row] = await ('id' in by
    ? db.query<EnrollmentTokenView>(`${selection} WHERE t.id = $1`, [by.id])
    : db.query<EnrollmentTokenView>(`${selection} WHERE t.secret_sha256 = $1`, [by.secretSha256]));
  return row;
}

/** Answers false where there is no such token; revoking twice is no error. */
export async function revokeEnrollmentToken(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    'UPDATE registry.enrollment_token SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id',
    [id],
  );
  return rows.length === 1;
}

/** Tokens, newest first, before the one named; of one device where `deviceRef` is given. */
export async function listEnrollmentTokens(
  db: Queryable,
  page: { readonly deviceRef: string | undefined; readonly before: string | undefined; readonly limit: number },
): Promise<EnrollmentTokenView[]> {
  return db.query<EnrollmentTokenView>(
    `${selection} WHERE ($1::uuid IS NULL OR t.device_ref = $1) AND ($2::uuid IS NULL OR t.id < $2) ORDER BY t.id DESC LIMIT $3`,
    [page.deviceRef ?? null, page.before ?? null, page.limit],
  );
}
