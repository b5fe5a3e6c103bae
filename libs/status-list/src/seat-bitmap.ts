import { StatusListError } from './errors.js';
import { LIST_SIZE } from './seat.js';
import { SeatValue, isSeatValue } from './seat-value.js';

const SEATS_PER_OCTET = 4;
const FIRST_CAPACITY = 1024;

/** One seat that is not valid. */
export interface NonValidSeat {
  readonly index: number;
  readonly value: SeatValue;
}

/**
 * The values of one list's seats, two bits each: seat i in octet i / 4, low bits first, which is the layout of an IETF
 * Token Status List with `bits` 2. Octets are held only up to the highest seat that was ever not valid, at most
 * 256 KiB for a full list.
 */
export class SeatBitmap {
  #octets: Uint8Array = new Uint8Array(0);

  /**
   * Reads a bitmap in the layout above; the octets are copied. Code VALUE_OUT_OF_RANGE for the reserved value three,
   * with the octet where it stands; TypeError for more octets than a list has.
   */
  static fromOctets(octets: Uint8Array): SeatBitmap {
    if (octets.length > LIST_SIZE / SEATS_PER_OCTET) throw new TypeError('more seats than a list has');
    const reserved = octets.findIndex((octet) => (octet & (octet >>> 1) & 0x55) !== 0);
    if (reserved >= 0) throw new StatusListError('VALUE_OUT_OF_RANGE', { offset: reserved, field: 'seat' });
    const bitmap = new SeatBitmap();
    bitmap.#octets = new Uint8Array(octets);
    return bitmap;
  }

  /**
   * The octets of seats 0 to `seats` − 1, rounded up to whole octets; what lies beyond the highest seat ever set is valid.
   * TypeError if a seat beyond them is not valid.
   */
  toOctets(seats: number): Uint8Array {
    if (!Number.isInteger(seats) || seats < 0 || seats > LIST_SIZE) throw new TypeError('not a number of seats');
    const octets = new Uint8Array(Math.ceil(seats / SEATS_PER_OCTET));
    octets.set(this.#octets.subarray(0, octets.length));
    const beyond = seats % SEATS_PER_OCTET === 0 ? 0 : (octets.at(-1) ?? 0) >>> ((seats % SEATS_PER_OCTET) * 2);
    if (beyond !== 0 || this.#octets.subarray(octets.length).some((octet) => octet !== 0)) {
      throw new TypeError('a seat beyond the last one is not valid');
    }
    return octets;
  }

  /** Value of a seat. TypeError for an index outside the list. */
  get(index: number): SeatValue {
    checkIndex(index);
    const octet = this.#octets[index >>> 2] ?? 0;
    const value = (octet >>> ((index & 3) << 1)) & 3;
    // Bits are written by set() alone, so three cannot occur; if memory says otherwise, refuse the seat.
    return isSeatValue(value) ? value : SeatValue.invalid;
  }

  set(index: number, value: SeatValue): void {
    checkIndex(index);
    if (!isSeatValue(value)) throw new TypeError('not a seat value');
    const at = index >>> 2;
    if (at >= this.#octets.length) {
      if (value === SeatValue.valid) return;
      this.#grow(at + 1);
    }
    const shift = (index & 3) << 1;
    this.#octets[at] = ((this.#octets[at] ?? 0) & ~(3 << shift)) | (value << shift);
  }

  /** All seats that are invalid or suspended, by rising index. */
  *nonValid(): Generator<NonValidSeat> {
    for (let at = 0; at < this.#octets.length; at += 1) {
      if (this.#octets[at] === 0) continue;
      for (let index = at * SEATS_PER_OCTET; index < (at + 1) * SEATS_PER_OCTET; index += 1) {
        const value = this.get(index);
        if (value !== SeatValue.valid) yield { index, value };
      }
    }
  }

  /** Whether every seat has the same value. */
  equals(other: SeatBitmap): boolean {
    const [short, long] = [this.#octets, other.#octets].toSorted((a, b) => a.length - b.length);
    if (short === undefined || long === undefined) return false;
    return short.every((octet, at) => octet === long[at]) && long.subarray(short.length).every((octet) => octet === 0);
  }

  /** Octets held in memory. */
  get byteLength(): number {
    return this.#octets.length;
  }

  #grow(needed: number): void {
    const doubled = Math.max(FIRST_CAPACITY, this.#octets.length * 2, needed);
    const grown = new Uint8Array(Math.min(doubled, LIST_SIZE / SEATS_PER_OCTET));
    grown.set(this.#octets);
    this.#octets = grown;
  }
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= LIST_SIZE) throw new TypeError('index is outside the list');
}
