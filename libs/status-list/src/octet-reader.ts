import { StatusListError } from './errors.js';

/** Reads big-endian fields from the front of some bytes, none twice and none beyond their end. */
export class OctetReader {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.bytes.length - this.#at;
  }

  /** Unsigned number of 1 to 4 octets. Code TRUNCATED. */
  uint(octets: 1 | 2 | 3 | 4): number {
    const from = this.#advance(octets);
    let value = 0;
    for (let at = from; at < this.#at; at += 1) value = value * 256 + (this.bytes[at] ?? 0);
    return value;
  }

  /** Unsigned number of 8 octets, at most 2^53 − 1. Codes TRUNCATED, VALUE_OUT_OF_RANGE. */
  uint64(field: string): number {
    const offset = this.#at;
    const value = this.uint(4) * 2 ** 32 + this.uint(4);
    if (!Number.isSafeInteger(value)) throw new StatusListError('VALUE_OUT_OF_RANGE', { offset, field });
    return value;
  }

  /** A copy: what is kept of a message does not hold the whole of it in memory. Code TRUNCATED. */
  octets(count: number): Uint8Array {
    return new Uint8Array(this.view(count));
  }

  /** The same without a copy. Code TRUNCATED. */
  view(count: number): Uint8Array {
    return this.bytes.subarray(this.#advance(count), this.#at);
  }

  /** Magic and version of a format. Codes TRUNCATED, FORMAT_UNKNOWN. */
  format(magic: string, version: number): void {
    const offset = this.#at;
    const from = this.#advance(magic.length);
    for (let i = 0; i < magic.length; i += 1) {
      if (this.bytes[from + i] !== magic.charCodeAt(i)) throw new StatusListError('FORMAT_UNKNOWN', { offset });
    }
    if (this.uint(1) !== version) throw new StatusListError('FORMAT_UNKNOWN', { offset: offset + magic.length });
  }

  /** A number from `min` to `max`, or code VALUE_OUT_OF_RANGE with the name of the field that was just read. */
  check(field: string, value: number, min: number, max: number): number {
    if (value < min || value > max) throw new StatusListError('VALUE_OUT_OF_RANGE', { offset: this.#at, field });
    return value;
  }

  /** Code NOT_CANONICAL unless the field that was just read stands as the encoder writes it. */
  canonical(field: string, holds: boolean): void {
    if (!holds) throw new StatusListError('NOT_CANONICAL', { offset: this.#at, field });
  }

  /** Code TRAILING_DATA unless everything was read. */
  end(): void {
    if (this.remaining > 0) throw new StatusListError('TRAILING_DATA', { offset: this.#at });
  }

  #advance(count: number): number {
    const from = this.#at;
    if (count > this.remaining) throw new StatusListError('TRUNCATED', { offset: from });
    this.#at = from + count;
    return from;
  }
}
