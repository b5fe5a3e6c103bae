import { type RandomBytes, timeOrderedUuid } from '@touchmark/server';
import {
  type Database,
  type FactoryRecord,
  findFactory,
  insertFactory,
  listFactories,
  type Queryable,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { type Page, readPage } from './page.js';
import { refusingDuplicates } from './refusing-duplicates.js';

/** Who provisions devices at manufacture. */
export class Factories {
  private readonly db: Database;
  private readonly options: { readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, options: Factories['options']) {
    this.db = db;
    this.options = options;
  }

  /** Throws FACTORY_EXISTS. */
  create(name: string): Promise<FactoryRecord> {
    const id = timeOrderedUuid(this.options.now(), this.options.randomBytes);
    return refusingDuplicates(
      () => insertFactory(this.db, { id, name }),
      () => new EnrollmentError('FACTORY_EXISTS', { factory: name }, `there is a factory ${name} already`),
    );
  }

  /** Throws FACTORY_UNKNOWN. */
  get(name: string): Promise<FactoryRecord> {
    return factoryOf(this.db, name);
  }

  list(after: string | undefined, limit: number): Promise<Page<FactoryRecord>> {
    return readPage(
      limit,
      (count) => listFactories(this.db, { after, limit: count }),
      ({ name }) => name,
    );
  }
}

/** The factory of that name. Throws FACTORY_UNKNOWN. */
export async function factoryOf(db: Queryable, name: string): Promise<FactoryRecord> {
  const factory = await findFactory(db, name);
  if (!factory) throw new EnrollmentError('FACTORY_UNKNOWN', { factory: name }, `there is no factory ${name}`);
  return factory;
}
