import type { JournalPosition } from '@touchmark/ca-port';
import type { Transaction } from '../database.js';
import type { Seat } from './certificates.js';
import type { JournalEntry } from './journal.js';

/** NOTIFY channel of what the CA signed about status; the payload is `batch`, `head` or `snapshot` and only a hint. */
export const statusChannel = 'touchmark_status';

/** A signed journal batch. */
export interface StatusBatchRecord {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  /** Hash of its payload, which the next batch continues. */
  readonly hash: Uint8Array;
  readonly message: Uint8Array;
  /** UTC seconds. */
  readonly signedAt: number;
}

/** A signed head. */
export interface StatusHeadRecord extends JournalPosition {
  /** UTC seconds, as it says itself. */
  readonly time: number;
  readonly message: Uint8Array;
}

/** The journal, and how much of its epoch was published. */
export interface PublicationState {
  readonly journal: JournalPosition;
  /** UTC seconds, rounded down, by the database's clock before the snapshot was taken that all of this comes from. */
  readonly provenAt: number;
  /** The epoch's last batch. */
  readonly batch: Pick<StatusBatchRecord, 'last' | 'hash'> | undefined;
  /** The last head, of whatever epoch. */
  readonly head: Omit<StatusHeadRecord, 'message'> | undefined;
  /** The epoch's newest snapshot. */
  readonly snapshot: { readonly sequence: number; readonly asOf: number } | undefined;
  /** Whether the asking signer's own seat is not valid. */
  readonly signerRevoked: boolean;
}

/**
 * Lets one publisher at a time go on, and shows it one moment of the database from then on. First in its transaction: LOCK TABLE
 * is the one statement that takes no snapshot, so what is read afterwards holds all that the publisher before has committed.
 */
export async function lockPublication(tx: Transaction): Promise<void> {
  await tx.query(
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; LOCK TABLE ca.status_head IN SHARE ROW EXCLUSIVE MODE',
  );
}

interface StateRow {
  readonly epoch: number;
  readonly sequence: string;
  readonly provenAt: string;
  readonly last: string | null;
  readonly hash: Uint8Array | null;
  readonly headEpoch: number | null;
  readonly headSequence: string | null;
  readonly headTime: string | null;
  readonly snapshotSequence: string | null;
  readonly snapshotAsOf: string | null;
  readonly signerRevoked: boolean;
}

/** `signer`: the seat of the certificate whose key is about to sign. */
export async function readPublication(tx: Transaction, signer: Seat): Promise<PublicationState> {
  const [row] = await tx.query<StateRow>(
    `SELECT j.epoch, j.sequence, floor(extract(epoch FROM transaction_timestamp())) AS "provenAt", b.last, b.hash,
            h.epoch AS "headEpoch", h.sequence AS "headSequence", h.time AS "headTime",
            s.sequence AS "snapshotSequence", s.as_of AS "snapshotAsOf",
            EXISTS (SELECT FROM ca.revocation r WHERE r.list_id = $1 AND r.index = $2) AS "signerRevoked"
       FROM ca.journal_head j
       LEFT JOIN ca.status_head h ON true
       LEFT JOIN LATERAL (SELECT last, hash FROM ca.status_batch WHERE epoch = j.epoch ORDER BY last DESC LIMIT 1) b ON true
       LEFT JOIN LATERAL (SELECT sequence, as_of FROM ca.status_snapshot WHERE epoch = j.epoch ORDER BY sequence DESC LIMIT 1) s ON true`,
    [signer.listId, signer.index],
  );
  if (!row) throw new TypeError('the journal has no head');
  const { epoch, last, hash, headEpoch, headSequence, headTime, snapshotSequence, snapshotAsOf } = row;
  return {
    journal: { epoch, sequence: Number(row.sequence) },
    provenAt: Number(row.provenAt),
    batch: last === null || hash === null ? undefined : { last: Number(last), hash },
    head: headEpoch === null ? undefined : { epoch: headEpoch, sequence: Number(headSequence), time: Number(headTime) },
    snapshot:
      snapshotSequence === null ? undefined : { sequence: Number(snapshotSequence), asOf: Number(snapshotAsOf) },
    signerRevoked: row.signerRevoked,
  };
}

/** A numbered entry, with what a list is opened with. */
export type NumberedEntry = JournalEntry & {
  readonly sequence: number;
  readonly bucket: string;
  /** Certificate of the list's authority, DER. */
  readonly authorityCertificate: Uint8Array;
};

interface EntryRow {
  readonly sequence: string;
  readonly kind: JournalEntry['kind'];
  readonly listId: number;
  readonly leasedTo: number | null;
  readonly indexes: number[] | null;
  readonly values: (0 | 1 | 2)[] | null;
  readonly bucket: string;
  readonly authorityCertificate: Uint8Array;
}

/** Up to `limit` entries after a position of its epoch, in their order. */
export async function journalAfter(
  tx: Transaction,
  { epoch, sequence }: JournalPosition,
  limit: number,
): Promise<NumberedEntry[]> {
  const rows = await tx.query<EntryRow>(
    `SELECT j.sequence, j.kind, j.list_id AS "listId", j.leased_to AS "leasedTo", j.indexes, j.seat_values AS "values",
            l.bucket, a.certificate AS "authorityCertificate"
       FROM ca.journal j JOIN ca.status_list l ON l.id = j.list_id JOIN ca.authority a ON a.id = l.authority_id
      WHERE j.epoch = $1 AND j.sequence > $2 ORDER BY j.sequence LIMIT $3`,
    [epoch, sequence, limit],
  );
  return rows.map(toEntry);
}

function toEntry(row: EntryRow): NumberedEntry {
  const { kind, listId, bucket, authorityCertificate } = row;
  const common = { listId, bucket, authorityCertificate, sequence: Number(row.sequence) };
  switch (kind) {
    case 'block-leased':
      return { ...common, kind, leasedTo: row.leasedTo ?? 0 };
    case 'seats':
      return { ...common, kind, indexes: row.indexes ?? [], values: row.values ?? [] };
    case 'list-opened':
    case 'list-sealed':
    case 'list-retired':
      return { ...common, kind };
  }
}

/** Appends to the epoch's chain. STORE_DUPLICATE where another publisher has continued it meanwhile. */
export async function insertStatusBatches(tx: Transaction, batches: readonly StatusBatchRecord[]): Promise<void> {
  if (batches.length === 0) return;
  await tx.query(
    `WITH put AS (
       INSERT INTO ca.status_batch (epoch, first, last, hash, message, signed_at)
       SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[])
     )
     SELECT pg_notify('${statusChannel}', 'batch')`,
    [
      batches.map((b) => b.epoch),
      batches.map((b) => b.first),
      batches.map((b) => b.last),
      batches.map((b) => b.hash),
      batches.map((b) => b.message),
      batches.map((b) => b.signedAt),
    ],
  );
}

/** Takes the place of the last head, unless that would go back: an epoch, and in it sequence and time, only grow. */
export async function saveStatusHead(tx: Transaction, head: StatusHeadRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.status_head AS h (epoch, sequence, time, message) VALUES ($1, $2, $3, $4)
     ON CONFLICT (only_row) DO UPDATE
        SET epoch = EXCLUDED.epoch, sequence = EXCLUDED.sequence, time = EXCLUDED.time, message = EXCLUDED.message
      WHERE h.epoch < EXCLUDED.epoch
         OR (h.epoch = EXCLUDED.epoch AND h.sequence <= EXCLUDED.sequence AND h.time <= EXCLUDED.time)
     RETURNING pg_notify('${statusChannel}', 'head')`,
    [head.epoch, head.sequence, head.time, head.message],
  );
}
