import type { CaPort } from '@touchmark/ca-port';
import { type RandomBytes, timeOrderedUuid } from '@touchmark/server';
import { type BatchView, type Database, findBatch, insertBatch, listBatches } from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { openWarrant } from '../open-warrant.js';
import { checkModelAllowed, policyOf } from '../registry/enrollment-policies.js';
import { factoryOf } from '../registry/factories.js';
import { modelOf } from '../registry/models.js';
import { type Page, readPage } from '../registry/page.js';
import { checkValidUntil } from '../validity-window.js';

export interface NewBatch {
  readonly factory: string;
  readonly model: string;
  readonly policy: string;
  readonly size: number;
  /** UTC seconds. */
  readonly validUntil: number;
}

/** What a factory may make: so many devices of one model until a day. */
export class Batches {
  private readonly db: Database;
  private readonly ca: Pick<CaPort, 'openWarrants'>;
  private readonly options: { readonly realm: string; readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, ca: Pick<CaPort, 'openWarrants'>, options: Batches['options']) {
    this.db = db;
    this.ca = ca;
    this.options = options;
  }

  /**
   * Opens the warrant at the CA, then the batch, which has the same id. Throws FACTORY_UNKNOWN, MODEL_UNKNOWN, POLICY_UNKNOWN,
   * MODEL_NOT_ALLOWED, VALID_UNTIL_OUT_OF_RANGE and the CA's refusals.
   */
  async create({ size, validUntil, ...names }: NewBatch, createdBy: string): Promise<BatchView> {
    const { realm, now, randomBytes } = this.options;
    checkValidUntil(validUntil, now());
    const factory = await factoryOf(this.db, names.factory);
    const model = await modelOf(this.db, realm, names.model);
    const policy = await policyOf(this.db, names.policy);
    checkModelAllowed(policy, model.name);
    const id = timeOrderedUuid(now(), randomBytes);
    const warrant = { kind: 'batch', warrantId: id, realm, model: model.name, profile: 'idevid' } as const;
    await openWarrant(this.ca, { ...warrant, size, validUntil });
    const ids = { id, factoryId: factory.id, modelId: model.id, policyId: policy.id };
    await insertBatch(this.db, { ...ids, size, validUntil, createdBy });
    return this.get(id, undefined);
  }

  /** `factoryId`: the caller is confined to that factory. Throws BATCH_UNKNOWN, for another factory's batch too. */
  async get(id: string, factoryId: string | undefined): Promise<BatchView> {
    const batch = await findBatch(this.db, id);
    if (batch && (factoryId === undefined || batch.factoryId === factoryId)) return batch;
    throw new EnrollmentError('BATCH_UNKNOWN', { batch: id }, `there is no batch ${id}`);
  }

  list(factoryId: string | undefined, before: string | undefined, limit: number): Promise<Page<BatchView>> {
    return readPage(
      limit,
      (count) => listBatches(this.db, { factoryId, before, limit: count }),
      ({ id }) => id,
    );
  }
}
