import type { Queryable, Transaction } from '../database.js';

/** What certificates are made with, decided when the hierarchy is made. */
export interface HierarchyTerms {
  /** The one realm that devices, gateways and services are named in. */
  readonly realm: string;
  /** Base of the publication URLs, without a slash at its end. */
  readonly publicHttpUrl: string;
  /** Outside evaluation nothing is issued whose publication URLs work only on this machine. */
  readonly evaluation: boolean;
}

/** Undefined where no hierarchy was made yet. */
export async function readHierarchyTerms(db: Queryable): Promise<HierarchyTerms | undefined> {
  const [row] = await db.query<HierarchyTerms>(
    'SELECT realm, public_http_url AS "publicHttpUrl", evaluation FROM ca.hierarchy',
  );
  return row;
}

/** Written once: where there is something already, it stays. */
export async function insertHierarchyTerms(db: Queryable, terms: HierarchyTerms): Promise<void> {
  await db.query(
    'INSERT INTO ca.hierarchy (realm, public_http_url, evaluation) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [terms.realm, terms.publicHttpUrl, terms.evaluation],
  );
}

/** For `Database.hold`: what every CA holds that serves. */
export const SERVING_LOCK = 'LOCK TABLE ca.serving IN ROW SHARE MODE';

/** Keeps every CA from serving until the transaction ends; false where one serves, and then the transaction is broken. */
export async function lockOutServing(tx: Transaction): Promise<boolean> {
  try {
    await tx.query('LOCK TABLE ca.serving IN EXCLUSIVE MODE NOWAIT');
    return true;
  } catch (error) {
    // lock_not_available
    if (error instanceof Error && 'code' in error && error.code === '55P03') return false;
    throw error;
  }
}
