import type { JournalPosition } from '@touchmark/ca-port';
import type { Database, Queryable } from '../database.js';

/** A seat that is not valid: 1 invalid, 2 suspended; `reason` is a CRLReason number, `revokedAt` in UTC seconds. */
export interface PublishedStatus {
  readonly value: 1 | 2;
  readonly reason: number;
  readonly revokedAt: number;
}

export interface PublishedList {
  readonly id: number;
  readonly authorityId: string;
  /** Seats below this index may be in use. */
  readonly leasedTo: number;
}

/** Where the journal stands, and since when that is known. */
export interface JournalProof {
  readonly position: JournalPosition;
  /**
   * UTC seconds by the database's clock, rounded down, read before the snapshot was taken: what committed before it is in
   * what was read. It is transaction_timestamp() because statement_timestamp() is set anew when a prepared statement is
   * executed, which is after its snapshot was taken.
   */
  readonly provenAt: number;
}

/** A seat whose value changed, as it is now; `status` undefined: valid. */
export interface ChangedSeat {
  readonly index: number;
  readonly status: PublishedStatus | undefined;
}

export type PublishedChange =
  | { readonly kind: 'list-opened'; readonly sequence: number; readonly list: PublishedList }
  | { readonly kind: 'list-sealed' | 'list-retired'; readonly sequence: number; readonly listId: number }
  | { readonly kind: 'block-leased'; readonly sequence: number; readonly listId: number; readonly leasedTo: number }
  | {
      readonly kind: 'seats';
      readonly sequence: number;
      readonly listId: number;
      readonly seats: readonly ChangedSeat[];
    };

/** Everything the responder must know to begin, from one snapshot. */
export interface StatusSnapshot extends JournalProof {
  readonly lists: readonly PublishedList[];
  readonly revocations: ReadonlyMap<number, readonly ChangedSeat[]>;
}

interface HeadRow {
  readonly epoch: number;
  readonly sequence: string;
  readonly provenAt: string;
  readonly standby: boolean;
}

const proofColumns = `h.epoch, h.sequence, floor(extract(epoch FROM transaction_timestamp())) AS "provenAt", pg_is_in_recovery() AS standby`;

/** Entries that are read at once at most; who is further behind loads everything anew. */
export const MAX_JOURNAL_ENTRIES = 10_000;

export async function readStatusSnapshot(db: Database): Promise<StatusSnapshot> {
  return db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const [head] = await tx.query<HeadRow>(`SELECT ${proofColumns} FROM publication.journal_head h`);
    const lists = await tx.query<PublishedList>(
      `SELECT id, authority_id AS "authorityId", leased_to AS "leasedTo" FROM publication.status_list WHERE state <> 'retired'`,
    );
    const rows = await tx.query<{ listId: number; index: number; value: 1 | 2; reason: number; revokedAt: string }>(
      `SELECT r.list_id AS "listId", r.index, r.value, r.reason, r.revoked_at AS "revokedAt"
         FROM publication.revocation r JOIN publication.status_list l ON l.id = r.list_id AND l.state <> 'retired'`,
    );
    const revocations = new Map<number, ChangedSeat[]>();
    for (const { listId, index, value, reason, revokedAt } of rows) {
      const seat = { index, status: { value, reason, revokedAt: Number(revokedAt) } };
      const seats = revocations.get(listId);
      if (seats) seats.push(seat);
      else revocations.set(listId, [seat]);
    }
    return { ...toProof(head), lists, revocations };
  });
}

interface ChangeRow extends HeadRow {
  readonly entry: string | null;
  readonly kind: PublishedChange['kind'];
  readonly listId: number;
  readonly leasedTo: number | null;
  readonly authorityId: string | null;
  readonly indexes: number[] | null;
  readonly values: (0 | 1 | 2)[] | null;
  readonly reasons: number[] | null;
  readonly revokedAts: string[] | null;
}

/**
 * The head and the entries after `after` in its epoch, with each changed seat as it is now, in one statement and so from one
 * snapshot. No entries come where the epoch is another or more than {@link MAX_JOURNAL_ENTRIES} are missing: the caller sees
 * the gap to the head's position.
 */
export async function readChanges(
  db: Queryable,
  after: JournalPosition,
): Promise<JournalProof & { changes: PublishedChange[] }> {
  const rows = await db.query<ChangeRow>(
    `SELECT ${proofColumns}, j.sequence AS entry, j.kind, j.list_id AS "listId", j.leased_to AS "leasedTo", l.authority_id AS "authorityId",
            s.indexes, s.values, s.reasons, s.revoked_ats AS "revokedAts"
       FROM publication.journal_head h
       LEFT JOIN publication.journal j
              ON h.epoch = $1 AND h.sequence - $2 <= ${MAX_JOURNAL_ENTRIES} AND j.epoch = $1 AND j.sequence > $2 AND j.sequence <= h.sequence
       LEFT JOIN publication.status_list l ON l.id = j.list_id AND j.kind = 'list-opened'
       LEFT JOIN LATERAL (
              -- a seat that the journal calls revoked stays so even if its row were missing
              SELECT array_agg(e.index) AS indexes, array_agg(coalesce(r.value, e.value)) AS values,
                     array_agg(coalesce(r.reason, 0)) AS reasons,
                     array_agg(coalesce(r.revoked_at, floor(extract(epoch FROM j.committed_at))::bigint)) AS revoked_ats
                FROM unnest(j.indexes, j.seat_values) AS e (index, value)
                LEFT JOIN publication.revocation r ON r.list_id = j.list_id AND r.index = e.index
            ) s ON j.kind = 'seats'
      ORDER BY j.sequence`,
    [after.epoch, after.sequence],
  );
  return {
    ...toProof(rows[0]),
    changes: rows.flatMap((row) => (row.entry === null ? [] : [toChange(row, Number(row.entry))])),
  };
}

function toProof(head: HeadRow | undefined): JournalProof {
  if (!head) throw new TypeError('the journal has no head');
  // a standby's head proves nothing: the primary may be ahead of it
  if (head.standby) throw new TypeError('the responder must read the primary database, not a standby');
  return { position: { epoch: head.epoch, sequence: Number(head.sequence) }, provenAt: Number(head.provenAt) };
}

function toChange(row: ChangeRow, sequence: number): PublishedChange {
  const { kind, listId } = row;
  switch (kind) {
    case 'list-opened':
      return { kind, sequence, list: { id: listId, authorityId: row.authorityId ?? '', leasedTo: 0 } };
    case 'block-leased':
      return { kind, sequence, listId, leasedTo: row.leasedTo ?? 0 };
    case 'seats':
      return {
        kind,
        sequence,
        listId,
        seats: (row.indexes ?? []).map((index, i) => ({ index, status: statusAt(row, i) })),
      };
    case 'list-sealed':
    case 'list-retired':
      return { kind, sequence, listId };
  }
}

function statusAt({ values, reasons, revokedAts }: ChangeRow, i: number): PublishedStatus | undefined {
  const value = values?.[i];
  if (value === 0) return undefined;
  return { value: value ?? 1, reason: reasons?.[i] ?? 0, revokedAt: Number(revokedAts?.[i] ?? 0) };
}
