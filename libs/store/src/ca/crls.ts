import type { JournalPosition } from '@touchmark/ca-port';
import type { Queryable, Transaction } from '../database.js';

export interface CrlRecord {
  readonly listId: number;
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** The journal had grown to here when its entries were read. */
  readonly position: JournalPosition;
  /** CertificateList, DER. */
  readonly der: Uint8Array;
}

/** A list's CRL number and when it was made; the row stays locked, so numbers of one list are taken one after another. */
export async function lockCrl(
  tx: Transaction,
  listId: number,
): Promise<Pick<CrlRecord, 'number' | 'thisUpdate' | 'nextUpdate'> | undefined> {
  const rows = await tx.query<{ number: string; thisUpdate: string; nextUpdate: string }>(
    `SELECT number, this_update AS "thisUpdate", next_update AS "nextUpdate" FROM ca.crl WHERE list_id = $1 FOR UPDATE`,
    [listId],
  );
  const row = rows[0];
  return row && { number: Number(row.number), thisUpdate: Number(row.thisUpdate), nextUpdate: Number(row.nextUpdate) };
}

/** NOTIFY channel that says that a CRL was stored; the payload is its list's id and only a hint. */
export const crlChannel = 'touchmark_crl';

export async function saveCrl(tx: Transaction, crl: CrlRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.crl AS c (list_id, number, this_update, next_update, epoch, sequence, der) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (list_id) DO UPDATE SET number = EXCLUDED.number, this_update = EXCLUDED.this_update,
        next_update = EXCLUDED.next_update, epoch = EXCLUDED.epoch, sequence = EXCLUDED.sequence, der = EXCLUDED.der
      WHERE c.number < EXCLUDED.number
     RETURNING pg_notify('${crlChannel}', list_id::text)`,
    [crl.listId, crl.number, crl.thisUpdate, crl.nextUpdate, crl.position.epoch, crl.position.sequence, crl.der],
  );
}

/** Lists whose CRL was made before `thisUpdateBefore`, or that have none, the oldest first. */
export async function staleCrlLists(
  db: Queryable,
  thisUpdateBefore: number,
): Promise<{ listId: number; authorityId: string }[]> {
  return db.query(
    `SELECT l.id AS "listId", l.authority_id AS "authorityId" FROM ca.status_list l LEFT JOIN ca.crl c ON c.list_id = l.id
      WHERE l.state <> 'retired' AND (c.list_id IS NULL OR c.this_update < $1) ORDER BY c.this_update NULLS FIRST`,
    [thisUpdateBefore],
  );
}

/** Lists in which seats have changed since their CRL was made. */
export async function crlListsBehind(db: Queryable): Promise<{ listId: number; authorityId: string }[]> {
  return db.query(
    `SELECT l.id AS "listId", l.authority_id AS "authorityId" FROM ca.status_list l JOIN ca.crl c ON c.list_id = l.id
      WHERE EXISTS (SELECT FROM ca.journal j
                     WHERE (j.epoch, j.sequence) > (c.epoch, c.sequence) AND j.list_id = l.id AND j.kind = 'seats')
      ORDER BY l.id`,
  );
}
