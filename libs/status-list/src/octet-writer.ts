const FIRST_CAPACITY = 256;

/** Writes big-endian fields one behind the other. A number that does not fit its field is a TypeError: it is ours. */
export class OctetWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  /** Unsigned number of 1 to 4 octets. */
  uint(octets: 1 | 2 | 3 | 4, value: number, field: string): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * octets))
      throw new TypeError(`${field} does not fit`);
    const into = this.#take(octets);
    for (let i = 0; i < octets; i += 1) into[i] = value >>> (8 * (octets - 1 - i));
    return this;
  }

  /** Unsigned number of 8 octets, at most 2^53 − 1. */
  uint64(value: number, field: string): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${field} does not fit`);
    return this.uint(4, Math.floor(value / 2 ** 32), field).uint(4, value % 2 ** 32, field);
  }

  octets(bytes: Uint8Array): this {
    this.#take(bytes.length).set(bytes);
    return this;
  }

  /** Octets of a field that always has the same number of them. */
  fixed(bytes: Uint8Array, length: number, field: string): this {
    if (bytes.length !== length) throw new TypeError(`${field} is not ${length} octets`);
    return this.octets(bytes);
  }

  format(magic: string, version: number): this {
    for (let i = 0; i < magic.length; i += 1) this.uint(1, magic.charCodeAt(i), 'magic');
    return this.uint(1, version, 'version');
  }

  /** Room for `count` octets, all zero, for the caller to fill before anything else is written. */
  reserve(count: number): Uint8Array {
    return this.#take(count);
  }

  /** Everything written so far, in bytes of its own. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #take(count: number): Uint8Array {
    const from = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return this.#bytes.subarray(from, this.#length);
  }
}

/** The order of octet strings in our formats: octet by octet, the shorter first where one is the beginning of the other. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
