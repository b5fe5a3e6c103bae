import type { JournalPosition } from '@touchmark/ca-port';
import type { Queryable, Transaction } from '../database.js';

export type JournalEntry =
  | { readonly kind: 'list-opened' | 'list-sealed' | 'list-retired'; readonly listId: number }
  | { readonly kind: 'block-leased'; readonly listId: number; readonly leasedTo: number }
  /** Seats of one list and their new values, in the same order. */
  | {
      readonly kind: 'seats';
      readonly listId: number;
      readonly indexes: readonly number[];
      readonly values: readonly (0 | 1 | 2)[];
    };

export type RecordedEntry = JournalEntry & JournalPosition;

/** NOTIFY channel that says that the journal has grown; the payload is `<epoch> <sequence>` and only a hint. */
export const journalChannel = 'touchmark_journal';

/**
 * Appends entries and answers the position of the last. Must be the last statement before COMMIT: it takes the counter row,
 * which orders the commits of all status changes, so that positions become visible in order and without gaps.
 */
export async function appendJournal(tx: Transaction, entries: readonly JournalEntry[]): Promise<JournalPosition> {
  const rows = await tx.query<{ epoch: number; sequence: string }>(
    `WITH head AS (
       UPDATE ca.journal_head SET sequence = sequence + $1 RETURNING epoch, sequence
     ), written AS (
       INSERT INTO ca.journal (epoch, sequence, list_id, kind, leased_to, indexes, seat_values)
       SELECT head.epoch, head.sequence - $1 + e.place, e.list_id, e.kind, e.leased_to,
              CASE e.kind WHEN 'seats' THEN e.indexes::int[] END, CASE e.kind WHEN 'seats' THEN e.seat_values::smallint[] END
         FROM head, unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::text[])
              WITH ORDINALITY AS e (list_id, kind, leased_to, indexes, seat_values, place)
     )
     SELECT epoch, sequence, pg_notify('${journalChannel}', epoch || ' ' || sequence) FROM head`,
    [
      entries.length,
      entries.map((e) => e.listId),
      entries.map((e) => e.kind),
      entries.map((e) => (e.kind === 'block-leased' ? e.leasedTo : null)),
      entries.map((e) => (e.kind === 'seats' ? `{${e.indexes.join(',')}}` : null)),
      entries.map((e) => (e.kind === 'seats' ? `{${e.values.join(',')}}` : null)),
    ],
  );
  const head = rows[0];
  if (!head) throw new TypeError('the journal has no head');
  return { epoch: head.epoch, sequence: Number(head.sequence) };
}

export async function journalHead(db: Queryable): Promise<JournalPosition> {
  const rows = await db.query<{ epoch: number; sequence: string }>('SELECT epoch, sequence FROM ca.journal_head');
  const head = rows[0];
  if (!head) throw new TypeError('the journal has no head');
  return { epoch: head.epoch, sequence: Number(head.sequence) };
}

/** Begins an epoch: its first entry has sequence 1. Status changes wait until the transaction ends. */
export async function enterEpoch(tx: Transaction, epoch: number): Promise<void> {
  await tx.query('UPDATE ca.journal_head SET epoch = $1, sequence = 0 WHERE epoch < $1', [epoch]);
}
