import type { JournalPosition } from '@touchmark/ca-port';
import type { Transaction } from '../database.js';
import { statusChannel } from './status-publication.js';
import type { StatusListRecord } from './status-lists.js';

/** A list that is not retired, with its seats that are not valid. */
export interface ListWithSeats extends Pick<StatusListRecord, 'id' | 'bucket' | 'leasedTo'> {
  readonly state: 'open' | 'sealed';
  /** Certificate of its authority, DER. */
  readonly authorityCertificate: Uint8Array;
  /** Four octets a seat, big-endian: value × 2^20 + index. */
  readonly seats: Uint8Array;
}

/** All lists, in a transaction that {@link lockPublication} began: of the same moment as what else is read in it. */
export async function listsWithSeats(tx: Transaction): Promise<ListWithSeats[]> {
  const rows = await tx.query<Omit<ListWithSeats, 'seats'> & { seats: Uint8Array | null }>(
    `SELECT l.id, l.bucket, l.leased_to AS "leasedTo", l.state, a.certificate AS "authorityCertificate", r.seats
       FROM ca.status_list l
       JOIN ca.authority a ON a.id = l.authority_id
       LEFT JOIN (
              SELECT list_id, string_agg(int4send((value::int << 20) | index), ''::bytea) AS seats FROM ca.revocation GROUP BY list_id
            ) r ON r.list_id = l.id
      WHERE l.state <> 'retired'`,
  );
  return rows.map((row) => ({ ...row, seats: row.seats ?? new Uint8Array() }));
}

/** Certificates of all CAs that issue, DER: retired ones too, for what they issued lives on. */
export async function issuingCertificates(tx: Transaction): Promise<Uint8Array[]> {
  const rows = await tx.query<{ certificate: Uint8Array }>(
    `SELECT certificate FROM ca.authority WHERE kind <> 'root' ORDER BY id`,
  );
  return rows.map(({ certificate }) => certificate);
}

export interface StatusSnapshotRecord extends JournalPosition {
  /** UTC seconds, as it says itself. */
  readonly asOf: number;
  readonly message: Uint8Array;
}

/** Stores a snapshot; at the position of one that is there it takes its place, unless its time is earlier. */
export async function saveStatusSnapshot(tx: Transaction, snapshot: StatusSnapshotRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.status_snapshot AS s (epoch, sequence, as_of, message) VALUES ($1, $2, $3, $4)
     ON CONFLICT (epoch, sequence) DO UPDATE SET as_of = EXCLUDED.as_of, message = EXCLUDED.message
      WHERE s.as_of <= EXCLUDED.as_of
     RETURNING pg_notify('${statusChannel}', 'snapshot')`,
    [snapshot.epoch, snapshot.sequence, snapshot.asOf, snapshot.message],
  );
}

/**
 * Forgets all snapshots but the last two, and batches signed before `signedBefore` that no follower of the older of the two needs.
 * Who is further behind takes the newest snapshot. The batch that ends where a snapshot was made stays: the chain goes on from it.
 */
export async function forgetPublished(tx: Transaction, signedBefore: number): Promise<void> {
  await tx.query(
    `WITH kept AS (
       SELECT epoch, sequence FROM ca.status_snapshot ORDER BY epoch DESC, sequence DESC LIMIT 2
     ), older AS (
       SELECT epoch, sequence FROM kept ORDER BY epoch, sequence LIMIT 1
     ), gone AS (
       DELETE FROM ca.status_snapshot s USING older WHERE (s.epoch, s.sequence) < (older.epoch, older.sequence)
     )
     DELETE FROM ca.status_batch b USING older
      WHERE b.signed_at < $1 AND (b.epoch, b.last) < (older.epoch, older.sequence)`,
    [signedBefore],
  );
}
