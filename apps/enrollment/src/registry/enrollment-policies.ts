import { type RandomBytes, timeOrderedUuid } from '@touchmark/server';
import {
  allowModels,
  type Bootstrap,
  type Database,
  disallowModel,
  type EnrollmentPolicyRecord,
  findEnrollmentPolicy,
  insertEnrollmentPolicy,
  listEnrollmentPolicies,
  type Queryable,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { modelOf } from './models.js';
import { type Page, readPage } from './page.js';
import { refusingDuplicates } from './refusing-duplicates.js';

export type NewEnrollmentPolicy = Omit<EnrollmentPolicyRecord, 'id' | 'createdAt'>;

/** What governs the certificates of devices: how they come in, how long one lives, what a fork costs. */
export class EnrollmentPolicies {
  private readonly db: Database;
  private readonly options: { readonly realm: string; readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, options: EnrollmentPolicies['options']) {
    this.db = db;
    this.options = options;
  }

  /** Throws POLICY_EXISTS, LABEL_TAKEN, MODEL_UNKNOWN. */
  async create({ models, ...policy }: NewEnrollmentPolicy): Promise<EnrollmentPolicyRecord> {
    const { realm, now, randomBytes } = this.options;
    const id = timeOrderedUuid(now(), randomBytes);
    await refusingDuplicates(
      () =>
        this.db.transaction(async (tx) => {
          await insertEnrollmentPolicy(tx, { id, ...policy });
          const allowed: string[] = [];
          for (const name of models) allowed.push((await modelOf(tx, realm, name)).id);
          await allowModels(tx, id, allowed);
        }),
      (constraint) => duplicate(policy, constraint),
    );
    return this.get(policy.name);
  }

  /** Throws POLICY_UNKNOWN. */
  get(name: string): Promise<EnrollmentPolicyRecord> {
    return policyOf(this.db, name);
  }

  list(after: string | undefined, limit: number): Promise<Page<EnrollmentPolicyRecord>> {
    return readPage(
      limit,
      (count) => listEnrollmentPolicies(this.db, { after, limit: count }),
      ({ name }) => name,
    );
  }

  /** Lets a model use the policy, or no longer: certificates issued before stay. Throws POLICY_UNKNOWN, MODEL_UNKNOWN. */
  async setModel(policyName: string, modelName: string, allowed: boolean): Promise<EnrollmentPolicyRecord> {
    const policy = await policyOf(this.db, policyName);
    const model = await modelOf(this.db, this.options.realm, modelName);
    await (allowed ? allowModels(this.db, policy.id, [model.id]) : disallowModel(this.db, policy.id, model.id));
    return policyOf(this.db, policyName);
  }
}

/** The policy of that name. Throws POLICY_UNKNOWN. */
export async function policyOf(db: Queryable, name: string): Promise<EnrollmentPolicyRecord> {
  const policy = await findEnrollmentPolicy(db, name);
  if (!policy) throw new EnrollmentError('POLICY_UNKNOWN', { policy: name }, `there is no enrollment policy ${name}`);
  return policy;
}

/** Throws MODEL_NOT_ALLOWED where devices of that model may not use the policy. */
export function checkModelAllowed(policy: EnrollmentPolicyRecord, model: string): void {
  if (policy.models.includes(model)) return;
  const context = { model, policy: policy.name };
  throw new EnrollmentError('MODEL_NOT_ALLOWED', context, `the policy ${policy.name} is not for the model ${model}`);
}

/** Throws BOOTSTRAP_NOT_ALLOWED where the policy does not take that first proof. */
export function checkBootstrap(policy: EnrollmentPolicyRecord, bootstrap: Bootstrap): void {
  if (policy.bootstrap.includes(bootstrap)) return;
  const context = { policy: policy.name, bootstrap };
  throw new EnrollmentError('BOOTSTRAP_NOT_ALLOWED', context, `the policy ${policy.name} takes no ${bootstrap}`);
}

function duplicate(
  { name, label }: Pick<NewEnrollmentPolicy, 'name' | 'label'>,
  constraint: string | undefined,
): Error {
  if (constraint === 'enrollment_policy_name') {
    return new EnrollmentError('POLICY_EXISTS', { policy: name }, `there is an enrollment policy ${name} already`);
  }
  const what = label === null ? 'there is a policy without a label already' : `the label ${label} is taken`;
  return new EnrollmentError('LABEL_TAKEN', { label }, what);
}
