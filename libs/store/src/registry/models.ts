import type { Queryable } from '../database.js';

export interface ModelRecord {
  readonly id: string;
  readonly realm: string;
  readonly name: string;
  /** hwType of RFC 4108 section 5, a dotted OID. */
  readonly hwType: string;
  readonly organization: string;
  /** UTC seconds. */
  readonly createdAt: number;
}

const columns = `id, realm, name, hw_type AS "hwType", organization, floor(extract(epoch FROM created_at))::float8 AS "createdAt"`;

/** STORE_DUPLICATE (model_realm_name) where the realm has a model of that name. */
export async function insertModel(db: Queryable, model: Omit<ModelRecord, 'createdAt'>): Promise<ModelRecord> {
  const rows = await db.query<ModelRecord>(
    `INSERT INTO registry.model (id, realm, name, hw_type, organization) VALUES ($1, $2, $3, $4, $5) RETURNING ${columns}`,
    [model.id, model.realm, model.name, model.hwType, model.organization],
  );
  const [made] = rows;
  if (!made) throw new TypeError('an INSERT returned no row');
  return made;
}

export async function findModel(db: Queryable, realm: string, name: string): Promise<ModelRecord | undefined> {
  const [row] = await db.query<ModelRecord>(`SELECT ${columns} FROM registry.model WHERE realm = $1 AND name = $2`, [
    realm,
    name,
  ]);
  return row;
}

/** Models of a realm by name, after the one named. */
export async function listModels(
  db: Queryable,
  realm: string,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<ModelRecord[]> {
  return db.query<ModelRecord>(
    `SELECT ${columns} FROM registry.model WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3`,
    [realm, page.after ?? '', page.limit],
  );
}
