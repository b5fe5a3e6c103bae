import { DerReader, toHex } from '@touchmark/der';

import type { Reader } from './readers.js';

/** Something that a reader must not do. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

// What stands before and behind the input: octets that would be a good continuation, and others.
const SURROUNDINGS = [0x00, 0x30, 0x05, 0xff] as const;
const MARGIN = 64;

// Elements are walked a few times at most, and the shortest has two octets: a reader that walks in circles, or looks for
// duplicates by comparing each with each, is beyond that soon.
const STEPS_PER_OCTET = 2;
const FREE_STEPS = 64;

/**
 * Reads the octets as a part of a larger array, twice with other octets around them, and holds the reader to what a reader of
 * hostile octets must be: it refuses with its own error or reads, in steps that grow with the input's length; what it answers lies in
 * the input and depends on nothing else; it writes nothing. Throws Finding. Says whether the reader took the octets.
 */
export function examine(reader: Reader, bytes: Uint8Array): boolean {
  const outcomes = [0, 1].map((n) => readInside(reader, bytes, SURROUNDINGS[n * 2] ?? 0, SURROUNDINGS[n * 2 + 1] ?? 0));
  const [first, second] = outcomes;
  if (first?.text !== second?.text) throw new Finding('the result depends on what lies around the input');
  return first?.accepted ?? false;
}

interface Outcome {
  readonly accepted: boolean;
  /** All of the result in comparable form, arrays that lie in the input by their place. */
  readonly text: string;
}

function readInside(reader: Reader, bytes: Uint8Array, before: number, behind: number): Outcome {
  const whole = new Uint8Array(MARGIN + bytes.length + MARGIN)
    .fill(before, 0, MARGIN)
    .fill(behind, MARGIN + bytes.length);
  whole.set(bytes, MARGIN);
  const untouched = whole.slice();
  const window = whole.subarray(MARGIN, MARGIN + bytes.length);
  const outcome = outcomeOf(reader, window, bytes.length);
  if (Buffer.compare(whole, untouched) !== 0) throw new Finding('the input was written to');
  return outcome;
}

function outcomeOf(reader: Reader, window: Uint8Array, octets: number): Outcome {
  const bound = STEPS_PER_OCTET * octets + FREE_STEPS;
  let steps = 0;
  const count = (): void => {
    steps += 1;
    if (steps > bound) throw new Finding(`more than ${bound} elements were read of ${octets} octets`);
  };
  try {
    const result = countingSteps(count, () => reader.read(window));
    return { accepted: true, text: describeResult(result, window) };
  } catch (error) {
    if (error instanceof Finding) throw error;
    if (!reader.refuses(error)) throw new Finding(`throws ${String(error)}`, { cause: error });
    return { accepted: false, text: String(error) };
  }
}

/** Calls `onStep` for each header of an element that DerReader reads meanwhile. */
export function countingSteps<T>(onStep: () => void, work: () => T): T {
  const prototype: object = DerReader.prototype;
  const header: unknown = Reflect.get(prototype, 'header');
  if (typeof header !== 'function') throw new TypeError('DerReader reads headers in another way now');
  Reflect.set(prototype, 'header', function counted(this: DerReader, tag: number | undefined) {
    onStep();
    Reflect.apply(header, this, [tag]);
  });
  try {
    return work();
  } finally {
    Reflect.set(prototype, 'header', header);
  }
}

function describeResult(value: unknown, window: Uint8Array): string {
  if (value instanceof Uint8Array) return describeOctets(value, window);
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    return `[${Array.from(value, (member) => describeResult(member, window)).join()}]`;
  }
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${describeResult(member, window)}`)
    .join()}}`;
}

function describeOctets(octets: Uint8Array, window: Uint8Array): string {
  if (octets.buffer === window.buffer) {
    const from = octets.byteOffset - window.byteOffset;
    if (from < 0 || from + octets.length > window.length)
      throw new Finding('octets outside of the input were answered');
  }
  return toHex(octets);
}
