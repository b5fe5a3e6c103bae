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
