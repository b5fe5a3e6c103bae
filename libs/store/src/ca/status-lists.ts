import type { Queryable, Transaction } from '../database.js';

export interface StatusListRecord {
  readonly id: number;
  readonly authorityId: string;
  readonly bucket: string;
  /** Latest notAfter of its certificates, UTC seconds. */
  readonly notAfter: number;
  /** Seats below this index may be in use. */
  readonly leasedTo: number;
  readonly state: 'open' | 'sealed' | 'retired';
  readonly crlUri: string;
  readonly ocspUri: string;
  readonly caIssuersUri: string;
  readonly openedAt: number;
}

type Row = Omit<StatusListRecord, 'notAfter' | 'openedAt'> & { notAfter: string; openedAt: string };

const columns = `id, authority_id AS "authorityId", bucket, not_after AS "notAfter", leased_to AS "leasedTo", state,
  crl_uri AS "crlUri", ocsp_uri AS "ocspUri", ca_issuers_uri AS "caIssuersUri", opened_at AS "openedAt"`;

const toRecord = (row: Row): StatusListRecord => ({
  ...row,
  notAfter: Number(row.notAfter),
  openedAt: Number(row.openedAt),
});

export async function statusLists(db: Queryable): Promise<StatusListRecord[]> {
  return (await db.query<Row>(`SELECT ${columns} FROM ca.status_list WHERE state <> 'retired' ORDER BY id`)).map(
    toRecord,
  );
}

/** Open lists of one authority and bucket that still have seats to lease, the fullest first. */
export async function openStatusLists(db: Queryable, authorityId: string, bucket: string): Promise<StatusListRecord[]> {
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM ca.status_list WHERE authority_id = $1 AND bucket = $2 AND state = 'open' ORDER BY leased_to DESC, id`,
    [authorityId, bucket],
  );
  return rows.map(toRecord);
}

/**
 * Only one process at a time opens lists of an authority, until the transaction ends. By the authority's row, which nobody but the CA's
 * role may lock; rows that name it are still written meanwhile.
 */
export async function lockListOpening(tx: Transaction, authorityId: string): Promise<void> {
  await tx.query('SELECT FROM ca.authority WHERE id = $1 FOR NO KEY UPDATE', [authorityId]);
}

export async function nextStatusListId(tx: Transaction): Promise<number> {
  const rows = await tx.query<{ id: string }>(`SELECT nextval('ca.status_list_id') AS id`);
  return Number(rows[0]?.id);
}

export async function insertStatusList(
  tx: Transaction,
  list: Omit<StatusListRecord, 'leasedTo' | 'state'>,
): Promise<void> {
  await tx.query(
    `INSERT INTO ca.status_list (id, authority_id, bucket, not_after, crl_uri, ocsp_uri, ca_issuers_uri, opened_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      list.id,
      list.authorityId,
      list.bucket,
      list.notAfter,
      list.crlUri,
      list.ocspUri,
      list.caIssuersUri,
      list.openedAt,
    ],
  );
  await tx.query('SELECT ca.open_certificate_partition($1)', [list.id]);
}

/** Leases the next `size` seats of a list; undefined when it is full or not open. `clockBehind`: `now` is before the last lease. */
export async function leaseBlock(
  tx: Transaction,
  listId: number,
  size: number,
  now: number,
): Promise<{ from: number; to: number; clockBehind: boolean } | undefined> {
  const rows = await tx.query<{ to: number; leasedAt: string | null }>(
    `WITH before AS (SELECT leased_at FROM ca.status_list WHERE id = $1 FOR UPDATE)
     UPDATE ca.status_list l SET leased_to = l.leased_to + $2, leased_at = greatest(l.leased_at, $3)
       FROM before WHERE l.id = $1 AND l.state = 'open' AND l.leased_to + $2 <= 1048576
     RETURNING l.leased_to AS "to", before.leased_at AS "leasedAt"`,
    [listId, size, now],
  );
  const row = rows[0];
  if (!row) return undefined;
  return { from: row.to - size, to: row.to, clockBehind: row.leasedAt !== null && Number(row.leasedAt) > now };
}

export async function sealStatusList(tx: Transaction, listId: number): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE ca.status_list SET state = 'sealed' WHERE id = $1 AND state = 'open' RETURNING id`,
    [listId],
  );
  return rows.length === 1;
}

/** Seals every list that is open and answers which. */
export async function sealOpenLists(tx: Transaction): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(
    `UPDATE ca.status_list SET state = 'sealed' WHERE state = 'open' RETURNING id`,
  );
  return rows.map(({ id }) => id).toSorted((a, b) => a - b);
}

/** Lets no list that is opened from now on have an id up to `highest`, nor one of the `many` ids after it and after the last one. */
export async function passStatusListIds(tx: Transaction, highest: number, many: number): Promise<void> {
  const last = await nextStatusListId(tx);
  // its right on the sequence is to draw, not to set
  await tx.query(`SELECT count(nextval('ca.status_list_id')) FROM generate_series(1, $1)`, [
    Math.max(highest - last, 0) + many,
  ]);
}
