import { ISSUED_SEAT_LENGTH } from '@touchmark/store';

const RANDOM_LENGTH = 8;
const BLOCK = 65_536;

/**
 * The random octets of the seats of one list that are known to be issued, eight each in one array; eight zeros mean not known.
 * (A certificate whose 64 random bits are all zero, one in 2^64, would never be found: it would be called unknown.)
 */
export class IssuedList {
  private randoms = new Uint8Array();

  /** Whether the seat is known to be issued with these random octets; undefined: nothing is known of the seat. */
  has(index: number, random: Uint8Array): boolean | undefined {
    const { randoms } = this;
    const at = index * RANDOM_LENGTH;
    let known = 0;
    let different = 0;
    for (let i = 0; i < RANDOM_LENGTH; i++) {
      const octet = randoms[at + i] ?? 0;
      known |= octet;
      different |= octet ^ (random[i] ?? 0);
    }
    return known === 0 ? undefined : different === 0;
  }

  add(index: number, random: Uint8Array): void {
    const at = index * RANDOM_LENGTH;
    if (at + RANDOM_LENGTH > this.randoms.length) {
      const grown = new Uint8Array((Math.floor(index / BLOCK) + 1) * BLOCK * RANDOM_LENGTH);
      grown.set(this.randoms);
      this.randoms = grown;
    }
    this.randoms.set(random.subarray(0, RANDOM_LENGTH), at);
  }

  /** Takes seats as `readIssuedSeats` gives them. */
  addAll(seats: Uint8Array): void {
    const view = new DataView(seats.buffer, seats.byteOffset, seats.byteLength);
    for (let at = 0; at + ISSUED_SEAT_LENGTH <= seats.length; at += ISSUED_SEAT_LENGTH)
      this.add(view.getUint32(at), seats.subarray(at + 4, at + ISSUED_SEAT_LENGTH));
  }
}
