import { type RandomBytes, timeOrderedUuid } from '@touchmark/server';
import {
  allowModels,
  type Database,
  findEnrollmentPolicy,
  findModel,
  insertModel,
  listModels,
  type ModelRecord,
  type Queryable,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { oidOfUuid } from './oid-of-uuid.js';
import { type Page, readPage } from './page.js';
import { refusingDuplicates } from './refusing-duplicates.js';

export interface NewModel {
  readonly name: string;
  /** Default 2.25.<the model's UUID>. */
  readonly hwType?: string | undefined;
  readonly organization: string;
  /** Enrollment policies by name that devices of this model may use. */
  readonly policies: readonly string[];
}

/** Kinds of device of this service's realm. */
export class Models {
  private readonly db: Database;
  private readonly options: { readonly realm: string; readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, options: Models['options']) {
    this.db = db;
    this.options = options;
  }

  /** Throws MODEL_EXISTS, POLICY_UNKNOWN. */
  async create({ name, hwType, organization, policies }: NewModel): Promise<ModelRecord> {
    const { realm, now, randomBytes } = this.options;
    const id = timeOrderedUuid(now(), randomBytes);
    const model = { id, realm, name, hwType: hwType ?? oidOfUuid(id), organization };
    return refusingDuplicates(
      () =>
        this.db.transaction(async (tx) => {
          const made = await insertModel(tx, model);
          for (const policy of policies) {
            const found = await findEnrollmentPolicy(tx, policy);
            if (!found) throw new EnrollmentError('POLICY_UNKNOWN', { policy }, `there is no policy ${policy}`);
            await allowModels(tx, found.id, [id]);
          }
          return made;
        }),
      () => new EnrollmentError('MODEL_EXISTS', { model: name }, `there is a model ${name} already`),
    );
  }

  /** Throws MODEL_UNKNOWN. */
  get(name: string): Promise<ModelRecord> {
    return modelOf(this.db, this.options.realm, name);
  }

  list(after: string | undefined, limit: number): Promise<Page<ModelRecord>> {
    const { realm } = this.options;
    return readPage(
      limit,
      (count) => listModels(this.db, realm, { after, limit: count }),
      ({ name }) => name,
    );
  }
}

/** The model of that name. Throws MODEL_UNKNOWN. */
export async function modelOf(db: Queryable, realm: string, name: string): Promise<ModelRecord> {
  const model = await findModel(db, realm, name);
  if (!model) throw new EnrollmentError('MODEL_UNKNOWN', { model: name }, `there is no model ${name}`);
  return model;
}
