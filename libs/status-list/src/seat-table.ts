import { StatusListError } from './errors.js';
import { LIST_SIZE, type Seat } from './seat.js';
import { SeatBitmap, type NonValidSeat } from './seat-bitmap.js';
import type { SeatValue } from './seat-value.js';

interface OpenList {
  readonly bitmap: SeatBitmap;
  /** Seats below this index lie in leased blocks. */
  leasedTo: number;
}

/**
 * The seats of all open lists of **one** issuing key. A serial number of another key has no seat in it, whatever its
 * octets say, so the caller picks the table by the key that verified the certificate.
 */
export class SeatTable {
  readonly #lists = new Map<number, OpenList>();

  /**
   * Opens a list whose seats below `leasedTo` may be asked for; a bitmap that is handed in belongs to the table from then
   * on. Code LIST_ALREADY_OPEN.
   */
  open(listId: number, leasedTo = 0, bitmap = new SeatBitmap()): void {
    if (this.#lists.has(listId)) throw new StatusListError('LIST_ALREADY_OPEN', { listId });
    checkLease(leasedTo);
    this.#lists.set(listId, { bitmap, leasedTo });
  }

  /** Makes seats below `leasedTo` known. Codes LIST_UNKNOWN, LEASE_NOT_GROWING: a leased block is never given back. */
  lease(listId: number, leasedTo: number): void {
    checkLease(leasedTo);
    const list = this.#list(listId);
    if (leasedTo < list.leasedTo) throw new StatusListError('LEASE_NOT_GROWING', { listId, leasedTo });
    list.leasedTo = leasedTo;
  }

  /** Forgets a list all of whose certificates have ended; its seats are unknown from now on. Code LIST_UNKNOWN. */
  retire(listId: number): void {
    if (!this.#lists.delete(listId)) throw new StatusListError('LIST_UNKNOWN', { listId });
  }

  /** Changes the value of a leased seat. Codes LIST_UNKNOWN, SEAT_NOT_LEASED. */
  set({ listId, index }: Seat, value: SeatValue): void {
    const { bitmap, leasedTo } = this.#list(listId);
    if (index >= leasedTo) throw new StatusListError('SEAT_NOT_LEASED', { listId, index, leasedTo });
    bitmap.set(index, value);
  }

  /** Value of a seat; `unknown`, which is to be refused, for a list not open here and for a seat beyond its last lease. */
  lookup(seat: Seat): SeatValue | 'unknown' {
    const list = this.#lists.get(seat.listId);
    if (list === undefined || seat.index >= list.leasedTo) return 'unknown';
    return list.bitmap.get(seat.index);
  }

  /** Seats of a list that are invalid or suspended, by rising index. Code LIST_UNKNOWN. */
  nonValid(listId: number): Iterable<NonValidSeat> {
    return this.#list(listId).bitmap.nonValid();
  }

  /** Whether a list is open in both tables with the same lease and the same values. */
  agrees(listId: number, other: SeatTable): boolean {
    const [one, two] = [this.#lists.get(listId), other.#lists.get(listId)];
    if (one === undefined || two === undefined) return false;
    return one.leasedTo === two.leasedTo && one.bitmap.equals(two.bitmap);
  }

  listIds(): number[] {
    return [...this.#lists.keys()];
  }

  #list(listId: number): OpenList {
    const list = this.#lists.get(listId);
    if (list === undefined) throw new StatusListError('LIST_UNKNOWN', { listId });
    return list;
  }
}

function checkLease(leasedTo: number): void {
  if (!Number.isInteger(leasedTo) || leasedTo < 0 || leasedTo > LIST_SIZE)
    throw new TypeError('lease outside the list');
}
