import { StatusListError } from './errors.js';
import type { OctetReader } from './octet-reader.js';
import type { OctetWriter } from './octet-writer.js';
import { LIST_SIZE } from './seat.js';

/** Rice parameters 0 to 19: a gap is below 2^20, so no greater one is ever the shortest. */
const PARAMETERS = 20;

/**
 * What a set of indexes costs as Rice-coded gaps. A gap is the number of indexes left out between a member and the one
 * before it. With parameter k it takes floor(gap / 2^k) one bits, a zero bit, and its k low bits.
 */
export class GapCost {
  #count = 0;
  #next = 0;
  /** For each parameter the one bits of all gaps. */
  readonly #ones = new Float64Array(PARAMETERS);

  /** Members are added by rising index. */
  add(index: number): void {
    let quotient = index - this.#next;
    for (let k = 0; quotient > 0; k += 1, quotient >>>= 1) this.#ones[k] = (this.#ones[k] ?? 0) + quotient;
    this.#next = index + 1;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** The parameter that makes the set shortest; the smallest of them where several do. */
  get parameter(): number {
    let best = 0;
    for (let k = 1; k < PARAMETERS; k += 1) if (this.#bits(k) < this.#bits(best)) best = k;
    return best;
  }

  /** Octets of the whole set: count, and parameter and gaps unless it is empty. */
  get octets(): number {
    return this.#count === 0 ? 3 : 4 + Math.ceil(this.#bits(this.parameter) / 8);
  }

  #bits(k: number): number {
    return this.#count * (k + 1) + (this.#ones[k] ?? 0);
  }
}

/** Writes indexes, which rise and are below {@link LIST_SIZE}, by the cost that was found for them. */
export function writeGapSet(writer: OctetWriter, indexes: readonly number[], cost: GapCost): void {
  writer.uint(3, cost.count, 'count');
  if (cost.count === 0) return;
  const { parameter } = cost;
  writer.uint(1, parameter, 'parameter');
  const into = writer.reserve(cost.octets - 4);
  let bit = 0;
  let next = 0;
  for (const index of indexes) {
    const gap = index - next;
    for (let ones = gap >>> parameter; ones > 0; ones -= 1) bit = setBit(into, bit);
    bit += 1;
    for (let k = parameter - 1; k >= 0; k -= 1) bit = (gap >>> k) & 1 ? setBit(into, bit) : bit + 1;
    next = index + 1;
  }
}

function setBit(into: Uint8Array, bit: number): number {
  into[bit >>> 3] = (into[bit >>> 3] ?? 0) | (0x80 >>> (bit & 7));
  return bit + 1;
}

/**
 * Reads the indexes of a set, all below `size`. Time and memory are bound by `size` and by the octets that are there.
 * Codes TRUNCATED, VALUE_OUT_OF_RANGE, NOT_CANONICAL.
 */
export function readGapSet(reader: OctetReader, size: number): { indexes: Uint32Array; cost: GapCost } {
  const cost = new GapCost();
  const count = reader.check('count', reader.uint(3), 0, Math.min(size, LIST_SIZE));
  if (count === 0) return { indexes: new Uint32Array(0), cost };
  const parameter = reader.check('parameter', reader.uint(1), 0, PARAMETERS - 1);
  // Each gap takes its low bits and one more; what cannot be there is not made room for.
  const start = reader.offset;
  if ((count * (parameter + 1)) / 8 > reader.remaining) throw new StatusListError('TRUNCATED', { offset: start });
  const bits = new BitReader(reader.bytes, start);
  const indexes = new Uint32Array(count);
  let next = 0;
  for (let i = 0; i < count; i += 1) {
    let quotient = 0;
    while (bits.read() === 1) {
      quotient += 1;
      if (next + quotient * 2 ** parameter >= size) {
        throw new StatusListError('VALUE_OUT_OF_RANGE', { offset: bits.offset, field: 'gap' });
      }
    }
    let gap = quotient;
    for (let k = 0; k < parameter; k += 1) gap = gap * 2 + bits.read();
    const index = next + gap;
    if (index >= size) throw new StatusListError('VALUE_OUT_OF_RANGE', { offset: bits.offset, field: 'gap' });
    indexes[i] = index;
    cost.add(index);
    next = index + 1;
  }
  reader.canonical('padding', bits.restIsZero());
  reader.canonical('parameter', parameter === cost.parameter);
  reader.view(cost.octets - 4);
  return { indexes, cost };
}

/** Bits of octets, high bit first. */
class BitReader {
  readonly #bytes: Uint8Array;
  #bit: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#bit = offset * 8;
  }

  get offset(): number {
    return Math.floor(this.#bit / 8);
  }

  read(): number {
    const octet = this.#bytes[this.offset];
    if (octet === undefined) throw new StatusListError('TRUNCATED', { offset: this.offset });
    const value = (octet >>> (7 - (this.#bit % 8))) & 1;
    this.#bit += 1;
    return value;
  }

  /** Whether what is left of the octet that was begun is zero. */
  restIsZero(): boolean {
    while (this.#bit % 8 !== 0) if (this.read() !== 0) return false;
    return true;
  }
}
