import type { Queryable } from '../database.js';

export interface FactoryRecord {
  readonly id: string;
  readonly name: string;
  /** UTC seconds. */
  readonly createdAt: number;
}

const columns = `id, name, floor(extract(epoch FROM created_at))::float8 AS "createdAt"`;

/** STORE_DUPLICATE (factory_name) where there is one of that name. */
export async function insertFactory(db: Queryable, factory: Omit<FactoryRecord, 'createdAt'>): Promise<FactoryRecord> {
  const [made] = await db.query<FactoryRecord>(
    `INSERT INTO registry.factory (id, name) VALUES ($1, $2) RETURNING ${columns}`,
    [factory.id, factory.name],
  );
  if (!made) throw new TypeError('an INSERT returned no row');
  return made;
}

export async function findFactory(db: Queryable, name: string): Promise<FactoryRecord | undefined> {
  const [row] = await db.query<FactoryRecord>(`SELECT ${columns} FROM registry.factory WHERE name = $1`, [name]);
  return row;
}

/** Factories by name, after the one named. */
export async function listFactories(
  db: Queryable,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<FactoryRecord[]> {
  return db.query<FactoryRecord>(`SELECT ${columns} FROM registry.factory WHERE name > $1 ORDER BY name LIMIT $2`, [
    page.after ?? '',
    page.limit,
  ]);
}
