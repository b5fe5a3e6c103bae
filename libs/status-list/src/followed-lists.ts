import { StatusListError } from './errors.js';
import type { JournalEntry } from './journal-batch.js';
import type { Seat } from './seat.js';
import { SeatTable } from './seat-table.js';
import { SeatValue } from './seat-value.js';
import type { ListState, SnapshotList } from './snapshot.js';

/** How a seat stands with somebody who remembers lists that have retired. */
export type SeatStanding = SeatValue | 'unknown' | 'retired';

/** What is known of a list besides its seats. */
interface FollowedList {
  /** Name of its issuing key. */
  readonly issuer: string;
  readonly state: ListState;
  readonly leasedTo: number;
}

/** The lists of all issuing keys, each in the table of its key, as a follower knows them. */
export class FollowedLists {
  readonly #lists = new Map<number, FollowedList>();
  readonly #tables = new Map<string, SeatTable>();
  /** Ids of lists that were known once and are no more. Ids are not used again. */
  readonly #retired: Set<number>;

  private constructor(retired: Iterable<number>) {
    this.#retired = new Set(retired);
  }

  /** Takes over the lists of a snapshot, bitmaps included. Of those known `before`, the ones that it leaves out have retired. */
  static of(lists: readonly SnapshotList[], before?: FollowedLists): FollowedLists {
    const ids = new Set(lists.map(({ listId }) => listId));
    const known = before === undefined ? [] : [...before.#lists.keys()];
    const followed = new FollowedLists(before === undefined ? [] : before.#retired);
    for (const listId of known) if (!ids.has(listId)) followed.#retired.add(listId);
    for (const { listId, issuerKeyId, state, leasedTo, seats } of lists) {
      const issuer = nameOf(issuerKeyId);
      followed.#tableOf(issuer).open(listId, leasedTo, seats);
      followed.#lists.set(listId, { issuer, state, leasedTo });
    }
    return followed;
  }

  table(issuerKeyId: Uint8Array): SeatTable | undefined {
    return this.#tables.get(nameOf(issuerKeyId));
  }

  lookup(issuerKeyId: Uint8Array, seat: Seat): SeatValue | 'unknown' {
    return this.table(issuerKeyId)?.lookup(seat) ?? 'unknown';
  }

  /** The same, and `retired` for a seat of a list that was known once, for ever: what is unknown because it is new is another thing. */
  standing(issuerKeyId: Uint8Array, seat: Seat): SeatStanding {
    return this.#retired.has(seat.listId) ? 'retired' : this.lookup(issuerKeyId, seat);
  }

  /** Whether both know the same lists, each in the same state with the same seats. */
  equals(other: FollowedLists): boolean {
    if (this.#lists.size !== other.#lists.size) return false;
    return [...this.#lists].every(([listId, { issuer, state }]) => {
      const list = other.#lists.get(listId);
      if (list?.issuer !== issuer || list.state !== state) return false;
      const [table, others] = [this.#tables.get(issuer), other.#tables.get(issuer)];
      return table !== undefined && others !== undefined && table.agrees(listId, others);
    });
  }

  /** What {@link lookup} would answer if the entries, which nobody has checked yet, were applied. */
  lookupAfter(entries: readonly JournalEntry[], issuerKeyId: Uint8Array, seat: Seat): SeatValue | 'unknown' {
    const issuer = nameOf(issuerKeyId);
    let ours = this.#lists.get(seat.listId)?.issuer === issuer;
    let value = this.lookup(issuerKeyId, seat);
    for (const entry of entries) {
      if (entry.listId !== seat.listId) continue;
      if (entry.kind === 'list-opened') ours = nameOf(entry.issuerKeyId) === issuer;
      if (entry.kind === 'list-retired') value = 'unknown';
      if (entry.kind === 'block-leased' && ours && value === 'unknown' && seat.index < entry.leasedTo) {
        value = SeatValue.valid;
      }
      if (entry.kind === 'seats' && ours) value = entry.seats.find(({ index }) => index === seat.index)?.value ?? value;
    }
    return value;
  }

  /**
   * Applies entries, the first of them with number `first`: all of them, or none and code BATCH_INCONSISTENT with the number
   * of the entry that does not fit what is known.
   */
  apply(first: number, entries: readonly JournalEntry[]): void {
    const after = new Map<number, FollowedList | undefined>();
    const steps = entries.map((entry, i) => {
      try {
        const before = after.has(entry.listId) ? after.get(entry.listId) : this.#lists.get(entry.listId);
        const next = listAfter(entry, before);
        after.set(entry.listId, next);
        return { entry, issuer: next?.issuer ?? before?.issuer ?? '' };
      } catch (cause) {
        if (!(cause instanceof StatusListError)) throw cause;
        throw new StatusListError('BATCH_INCONSISTENT', { sequence: first + i }, { cause });
      }
    });
    // Every entry fits: nothing is refused from here on.
    for (const { entry, issuer } of steps) change(this.#tableOf(issuer), entry);
    for (const [listId, list] of after) {
      if (list !== undefined) this.#lists.set(listId, list);
      else if (this.#lists.delete(listId)) this.#retired.add(listId);
    }
  }

  #tableOf(issuer: string): SeatTable {
    const table = this.#tables.get(issuer) ?? new SeatTable();
    this.#tables.set(issuer, table);
    return table;
  }
}

/** What an entry makes of its list, `undefined` once retired. Codes of {@link SeatTable}, LIST_SEALED. */
function listAfter(entry: JournalEntry, list: FollowedList | undefined): FollowedList | undefined {
  const { listId } = entry;
  if (entry.kind === 'list-opened') {
    if (list !== undefined) throw new StatusListError('LIST_ALREADY_OPEN', { listId });
    return { issuer: nameOf(entry.issuerKeyId), state: 'open', leasedTo: 0 };
  }
  if (list === undefined) throw new StatusListError('LIST_UNKNOWN', { listId });
  const { leasedTo, state } = list;
  switch (entry.kind) {
    case 'block-leased':
      if (state === 'sealed') throw new StatusListError('LIST_SEALED', { listId });
      if (entry.leasedTo <= leasedTo) throw new StatusListError('LEASE_NOT_GROWING', { listId, leasedTo });
      return { ...list, leasedTo: entry.leasedTo };
    case 'list-sealed':
      if (state === 'sealed') throw new StatusListError('LIST_SEALED', { listId });
      return { ...list, state: 'sealed' };
    case 'list-retired':
      return undefined;
    case 'seats': {
      const index = entry.seats.at(-1)?.index ?? 0;
      if (index >= leasedTo) throw new StatusListError('SEAT_NOT_LEASED', { listId, index, leasedTo });
      return list;
    }
  }
}

function change(table: SeatTable, entry: JournalEntry): void {
  const { listId } = entry;
  switch (entry.kind) {
    case 'list-opened':
      table.open(listId);
      break;
    case 'block-leased':
      table.lease(listId, entry.leasedTo);
      break;
    case 'list-sealed':
      // Only leasing ends with it.
      break;
    case 'list-retired':
      table.retire(listId);
      break;
    case 'seats':
      for (const { index, value } of entry.seats) table.set({ listId, index }, value);
      break;
  }
}

/** A key of a Map: octets have no identity. */
function nameOf(keyId: Uint8Array): string {
  return Buffer.from(keyId.buffer, keyId.byteOffset, keyId.length).toString('latin1');
}
