import type { JournalPosition } from '@touchmark/ca-port';
import type { Queryable } from '../database.js';

/** A signed journal batch, as octets of docs/status-snapshot.md. */
export interface PublishedBatch {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly message: Uint8Array;
}

/** The newest signed head. */
export interface PublishedHead extends JournalPosition {
  /** UTC seconds, as signed. */
  readonly time: number;
  readonly message: Uint8Array;
}

export interface PublishedSnapshot extends JournalPosition {
  /** UTC seconds, as signed. */
  readonly asOf: number;
  readonly message: Uint8Array;
}

/** What there is after a position, from one snapshot of the database. */
export interface StatusNews {
  readonly head: PublishedHead | undefined;
  /** Where the newest snapshot stands, and the time for which it speaks; made anew, it may have the same place. */
  readonly snapshot: Omit<PublishedSnapshot, 'message'> | undefined;
  /** The first {@link BATCHES_PER_READ} batches at most of `after.epoch` that begin behind `after.sequence`, in order. */
  readonly batches: readonly PublishedBatch[];
}

/** A certificate of a key that signs status, and the one that issued it; DER. */
export interface PublishedSigner {
  readonly certificate: Uint8Array;
  readonly issuerCertificate: Uint8Array;
  /** UTC seconds. */
  readonly notAfter: number;
}

export interface PublishedToken extends JournalPosition {
  readonly listId: number;
  /** UTC seconds. */
  readonly iat: number;
  readonly exp: number;
  /** A Status List Token in compact form. */
  readonly jwt: string;
}

export const BATCHES_PER_READ = 100;

interface NewsRow {
  readonly kind: 'head' | 'snapshot' | 'batch';
  readonly epoch: number;
  readonly first: string | null;
  readonly last: string;
  readonly time: string | null;
  readonly message: Uint8Array | null;
}

/** Head, place of the newest snapshot and batches after a position, in one statement. */
export async function readStatusNews(db: Queryable, after: JournalPosition): Promise<StatusNews> {
  const rows = await db.query<NewsRow>(
    `(SELECT 'head' AS kind, epoch, NULL::bigint AS first, sequence AS last, time, message FROM publication.status_head)
      UNION ALL
     (SELECT 'snapshot', epoch, NULL, sequence, as_of, NULL FROM publication.status_snapshot
       ORDER BY epoch DESC, sequence DESC LIMIT 1)
      UNION ALL
     (SELECT 'batch', epoch, first, last, NULL, message FROM publication.status_batch
       WHERE epoch = $1 AND first > $2 ORDER BY first LIMIT ${BATCHES_PER_READ})`,
    [after.epoch, after.sequence],
  );
  let head: PublishedHead | undefined;
  let snapshot: StatusNews['snapshot'];
  const batches: PublishedBatch[] = [];
  for (const { kind, epoch, first, last, time, message } of rows) {
    const sequence = Number(last);
    if (kind === 'snapshot') snapshot = { epoch, sequence, asOf: Number(time) };
    else if (message === null) throw new TypeError('a status message is missing');
    else if (kind === 'head') head = { epoch, sequence, time: Number(time), message };
    else batches.push({ epoch, first: Number(first), last: sequence, message });
  }
  return { head, snapshot, batches: batches.toSorted((a, b) => a.first - b.first) };
}

/** The snapshot at a position; undefined where it was replaced meanwhile. */
export async function readPublishedSnapshot(
  db: Queryable,
  at: JournalPosition,
): Promise<PublishedSnapshot | undefined> {
  const rows = await db.query<{ asOf: string; message: Uint8Array }>(
    `SELECT as_of AS "asOf", message FROM publication.status_snapshot WHERE epoch = $1 AND sequence = $2`,
    [at.epoch, at.sequence],
  );
  const row = rows[0];
  return row && { epoch: at.epoch, sequence: at.sequence, asOf: Number(row.asOf), message: row.message };
}

/**
 * The position behind which an epoch's newest batches begin that are `count` and `octets` together at most; undefined where
 * the epoch has none.
 */
export async function startOfNewestBatches(
  db: Queryable,
  epoch: number,
  limits: { readonly count: number; readonly octets: number },
): Promise<number | undefined> {
  const rows = await db.query<{ start: string | null }>(
    `SELECT min(first) - 1 AS start
       FROM (SELECT first, sum(octets) OVER (ORDER BY first DESC) AS octets
               FROM (SELECT first, octet_length(message) AS octets FROM publication.status_batch
                      WHERE epoch = $1 ORDER BY first DESC LIMIT $2) newest) counted
      WHERE octets <= $3`,
    [epoch, limits.count, limits.octets],
  );
  const start = rows[0]?.start ?? null;
  return start === null ? undefined : Number(start);
}

/** Signers whose certificates end after `now` (UTC seconds), the newest first. */
export async function readStatusSigners(db: Queryable, now: number): Promise<PublishedSigner[]> {
  const rows = await db.query<Omit<PublishedSigner, 'notAfter'> & { notAfter: string }>(
    `SELECT certificate, issuer_certificate AS "issuerCertificate", not_after AS "notAfter" FROM publication.status_signer
      WHERE not_after > $1 ORDER BY not_after DESC, certificate`,
    [now],
  );
  return rows.map((row) => ({ ...row, notAfter: Number(row.notAfter) }));
}

type TokenRow = { listId: number; epoch: number; sequence: string; iat: string; exp: string };

/** When each list's token was made. Cheap enough for every second. */
export async function readTokenTimes(
  db: Queryable,
): Promise<(JournalPosition & Pick<PublishedToken, 'listId' | 'iat'>)[]> {
  const rows = await db.query<TokenRow>(
    `SELECT list_id AS "listId", epoch, sequence, iat FROM publication.status_token`,
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence), iat: Number(row.iat) }));
}

export async function readPublishedToken(db: Queryable, listId: number): Promise<PublishedToken | undefined> {
  const rows = await db.query<TokenRow & { jwt: string }>(
    `SELECT list_id AS "listId", epoch, sequence, iat, exp, jwt FROM publication.status_token WHERE list_id = $1`,
    [listId],
  );
  const row = rows[0];
  return row && { ...row, sequence: Number(row.sequence), iat: Number(row.iat), exp: Number(row.exp) };
}
