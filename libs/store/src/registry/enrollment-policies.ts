import type { Queryable, Transaction } from '../database.js';

/** How a device may prove itself the first time. */
export type Bootstrap = 'token' | 'idevid';

export interface EnrollmentPolicyRecord {
  readonly id: string;
  readonly name: string;
  /** EST label (RFC 7030 section 3.2.2); null: the policy of EST paths without one. */
  readonly label: string | null;
  readonly bootstrap: readonly Bootstrap[];
  /** Seconds from notBefore's nominal time to notAfter of an LDevID. */
  readonly lifetime: number;
  readonly suspendOnFork: boolean;
  readonly revokeReplaced: boolean;
  readonly pseudonymous: boolean;
  /** What csrattrs asks for. */
  readonly keyAlgorithm: string;
  /** Names of the models that may enrol under it, in alphabetical order. */
  readonly models: readonly string[];
  /** UTC seconds. */
  readonly createdAt: number;
}

const selection = `SELECT p.id, p.name, p.label, p.bootstrap, p.lifetime, p.suspend_on_fork AS "suspendOnFork",
    p.revoke_replaced AS "revokeReplaced", p.pseudonymous, p.key_algorithm AS "keyAlgorithm",
    floor(extract(epoch FROM p.created_at))::float8 AS "createdAt",
    array(SELECT m.name FROM registry.model_policy mp JOIN registry.model m ON m.id = mp.model_id
           WHERE mp.policy_id = p.id ORDER BY m.name) AS models
  FROM registry.enrollment_policy p`;

/** STORE_DUPLICATE: enrollment_policy_name, enrollment_policy_label, enrollment_policy_default (a second one without label). */
export async function insertEnrollmentPolicy(
  tx: Transaction,
  policy: Omit<EnrollmentPolicyRecord, 'models' | 'createdAt'>,
): Promise<void> {
  await tx.query(
    `INSERT INTO registry.enrollment_policy
       (id, name, label, bootstrap, lifetime, suspend_on_fork, revoke_replaced, pseudonymous, key_algorithm)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      policy.id,
      policy.name,
      policy.label,
      policy.bootstrap,
      policy.lifetime,
      policy.suspendOnFork,
      policy.revokeReplaced,
      policy.pseudonymous,
      policy.keyAlgorithm,
    ],
  );
}

/** Lets models enrol under a policy; those that may already stay. */
export async function allowModels(db: Queryable, policyId: string, modelIds: readonly string[]): Promise<void> {
  await db.query(
    `INSERT INTO registry.model_policy (model_id, policy_id) SELECT model_id, $1 FROM unnest($2::uuid[]) AS m (model_id)
     ON CONFLICT DO NOTHING`,
    [policyId, modelIds],
  );
}

export async function disallowModel(db: Queryable, policyId: string, modelId: string): Promise<void> {
  await db.query('DELETE FROM registry.model_policy WHERE policy_id = $1 AND model_id = $2', [policyId, modelId]);
}

export async function findEnrollmentPolicy(db: Queryable, name: string): Promise<EnrollmentPolicyRecord | undefined> {
  const [row] = await db.query<EnrollmentPolicyRecord>(`${selection} WHERE p.name = $1`, [name]);
  return row;
}

/** All of them: an installation has some dozens. */
export async function allEnrollmentPolicies(db: Queryable): Promise<EnrollmentPolicyRecord[]> {
  return db.query<EnrollmentPolicyRecord>(selection);
}

/** Policies by name, after the one named. */
export async function listEnrollmentPolicies(
  db: Queryable,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<EnrollmentPolicyRecord[]> {
  return db.query<EnrollmentPolicyRecord>(`${selection} WHERE p.name > $1 ORDER BY p.name LIMIT $2`, [
    page.after ?? '',
    page.limit,
  ]);
}
