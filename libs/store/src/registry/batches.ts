import type { Queryable } from '../database.js';

export interface BatchRecord {
  /** Also the id of its warrant at the CA. */
  readonly id: string;
  readonly factoryId: string;
  readonly modelId: string;
  readonly policyId: string;
  /** Devices that it may provision. */
  readonly size: number;
  /** UTC seconds. */
  readonly validUntil: number;
  /** `sub` of the token that made it. */
  readonly createdBy: string;
}

/** A batch with the names that it is shown by and what its warrant still lets through. */
export interface BatchView extends BatchRecord {
  readonly factory: string;
  readonly realm: string;
  readonly model: string;
  readonly hwType: string;
  readonly organization: string;
  readonly policy: string;
  /** Null while the warrant is not open. */
  readonly remaining: number | null;
  /** UTC seconds. */
  readonly createdAt: number;
}

const selection = `SELECT b.id, b.factory_id AS "factoryId", b.model_id AS "modelId", b.policy_id AS "policyId", b.size,
    b.valid_until::float8 AS "validUntil", b.created_by AS "createdBy",
    floor(extract(epoch FROM b.created_at))::float8 AS "createdAt",
    f.name AS factory, m.realm, m.name AS model, m.hw_type AS "hwType", m.organization, p.name AS policy, w.remaining
  FROM registry.batch b
  JOIN registry.factory f ON f.id = b.factory_id
  JOIN registry.model m ON m.id = b.model_id
  JOIN registry.enrollment_policy p ON p.id = b.policy_id
  LEFT JOIN ca.warrant_remaining w ON w.id = b.id`;

export async function insertBatch(db: Queryable, batch: BatchRecord): Promise<void> {
  await db.query(
    `INSERT INTO registry.batch (id, factory_id, model_id, policy_id, size, valid_until, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [batch.id, batch.factoryId, batch.modelId, batch.policyId, batch.size, batch.validUntil, batch.createdBy],
  );
}

export async function findBatch(db: Queryable, id: string): Promise<BatchView | undefined> {
  const [row] = await db.query<BatchView>(`${selection} WHERE b.id = $1`, [id]);
  return row;
}

/** Batches, newest first, before the one named; of one factory where `factoryId` is given. */
export async function listBatches(
  db: Queryable,
  page: { readonly factoryId: string | undefined; readonly before: string | undefined; readonly limit: number },
): Promise<BatchView[]> {
  return db.query<BatchView>(
    `${selection} WHERE ($1::uuid IS NULL OR b.factory_id = $1) AND ($2::uuid IS NULL OR b.id < $2) ORDER BY b.id DESC LIMIT $3`,
    [page.factoryId ?? null, page.before ?? null, page.limit],
  );
}
