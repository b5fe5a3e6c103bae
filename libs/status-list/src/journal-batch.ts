import { StatusListError } from './errors.js';
import {
  readBucketEnd,
  readEpoch,
  readHash,
  readListId,
  writeBucketEnd,
  writeEpoch,
  writeHash,
  writeListId,
} from './fields.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter } from './octet-writer.js';
import { LIST_SIZE } from './seat.js';
import { isSeatValue, type SeatValue } from './seat-value.js';

const MAGIC = 'TMSB';
const VERSION = 1;

/** Octets of the longest batch. Any single entry fits, a full list of seats included. */
export const MAX_BATCH_LENGTH = 4 * 2 ** 20;

const Kind = { listOpened: 1, blockLeased: 2, listSealed: 3, listRetired: 4, seats: 5 } as const;

/** A list without seats and leases of its own; no entry is shorter than one that names just a list. */
const SHORTEST_ENTRY = 5;

/** A seat and its value from now on. Its list is the entry's. */
export interface SeatChange {
  readonly index: number;
  readonly value: SeatValue;
}

/** One numbered change; the kinds are named as the CA's journal names them. */
export type JournalEntry =
  | {
      readonly kind: 'list-opened';
      readonly listId: number;
      /** SHA-256 of the issuing key's SubjectPublicKeyInfo, 32 octets. */
      readonly issuerKeyId: Uint8Array;
      /** First UTC second after the list's bucket; `NO_WELL_DEFINED_EXPIRATION + 1` for `never`. */
      readonly bucketEnd: number;
    }
  | { readonly kind: 'block-leased'; readonly listId: number; readonly leasedTo: number }
  | { readonly kind: 'list-sealed' | 'list-retired'; readonly listId: number }
  /** At least one seat, none twice; read back by rising index. */
  | { readonly kind: 'seats'; readonly listId: number; readonly seats: readonly SeatChange[] };

/** Consecutive entries of the journal: the first has number `first`, the last `first + entries.length − 1`. */
export interface JournalBatch {
  readonly epoch: number;
  readonly first: number;
  /** Hash of the batch that ends at `first` − 1: 32 octets, zero where this is the epoch's first batch. */
  readonly previousHash: Uint8Array;
  /** At least one. */
  readonly entries: readonly JournalEntry[];
}

/**
 * Writes a batch, each content in exactly one way (docs/status-snapshot.md). TypeError for a number out of range, a seat
 * twice, no entry, and more than {@link MAX_BATCH_LENGTH} octets.
 */
export function encodeJournalBatch({ epoch, first, previousHash, entries }: JournalBatch): Uint8Array {
  if (first < 1) throw new TypeError('first does not fit');
  if (entries.length === 0) throw new TypeError('a batch has entries');
  const writer = new OctetWriter().format(MAGIC, VERSION);
  writeEpoch(writer, epoch).uint64(first, 'first');
  writeHash(writer, previousHash, 'previousHash').uint(4, entries.length, 'entries');
  for (const entry of entries) writeEntry(writer, entry);
  const bytes = writer.toBytes();
  if (bytes.length > MAX_BATCH_LENGTH) throw new TypeError('batch does not fit');
  return bytes;
}

/** Reads a batch. Codes TRUNCATED, TRAILING_DATA, FORMAT_UNKNOWN, VALUE_OUT_OF_RANGE, NOT_CANONICAL, TOO_LARGE. */
export function decodeJournalBatch(bytes: Uint8Array): JournalBatch {
  if (bytes.length > MAX_BATCH_LENGTH)
    throw new StatusListError('TOO_LARGE', { field: 'batch', limit: MAX_BATCH_LENGTH });
  const reader = new OctetReader(bytes);
  reader.format(MAGIC, VERSION);
  const epoch = readEpoch(reader);
  const first = reader.check('first', reader.uint64('first'), 1, Number.MAX_SAFE_INTEGER);
  const previousHash = readHash(reader);
  const offset = reader.offset;
  const count = reader.check('entries', reader.uint(4), 1, Number.MAX_SAFE_INTEGER - first);
  if (count * SHORTEST_ENTRY > reader.remaining) throw new StatusListError('TRUNCATED', { offset });
  const entries: JournalEntry[] = [];
  for (let i = 0; i < count; i += 1) entries.push(readEntry(reader));
  reader.end();
  return { epoch, first, previousHash, entries };
}

function writeEntry(writer: OctetWriter, entry: JournalEntry): void {
  const start = (kind: number): OctetWriter => writeListId(writer.uint(1, kind, 'kind'), entry.listId);
  switch (entry.kind) {
    case 'list-opened':
      writeBucketEnd(writeHash(start(Kind.listOpened), entry.issuerKeyId, 'issuerKeyId'), entry.bucketEnd);
      break;
    case 'block-leased':
      if (entry.leasedTo < 1 || entry.leasedTo > LIST_SIZE) throw new TypeError('lease outside the list');
      start(Kind.blockLeased).uint(3, entry.leasedTo, 'leasedTo');
      break;
    case 'list-sealed':
      start(Kind.listSealed);
      break;
    case 'list-retired':
      start(Kind.listRetired);
      break;
    case 'seats':
      start(Kind.seats);
      writeSeats(writer, entry.seats);
      break;
  }
}

/** Three octets a seat: value × 2^20 + index. */
function writeSeats(writer: OctetWriter, seats: readonly SeatChange[]): void {
  if (seats.length === 0) throw new TypeError('an entry of seats has seats');
  writer.uint(3, seats.length, 'seats');
  let last = -1;
  for (const { index, value } of seats.toSorted((a, b) => a.index - b.index)) {
    if (!Number.isInteger(index) || index <= last || index >= LIST_SIZE)
      throw new TypeError('index is there twice or outside the list');
    if (!isSeatValue(value)) throw new TypeError('not a seat value');
    writer.uint(3, value * LIST_SIZE + index, 'seat');
    last = index;
  }
}

function readEntry(reader: OctetReader): JournalEntry {
  const offset = reader.offset;
  const kind = reader.uint(1);
  const listId = readListId(reader);
  switch (kind) {
    case Kind.listOpened: {
      const issuerKeyId = readHash(reader);
      const bucketEnd = readBucketEnd(reader);
      return { kind: 'list-opened', listId, issuerKeyId, bucketEnd };
    }
    case Kind.blockLeased:
      return { kind: 'block-leased', listId, leasedTo: reader.check('leasedTo', reader.uint(3), 1, LIST_SIZE) };
    case Kind.listSealed:
      return { kind: 'list-sealed', listId };
    case Kind.listRetired:
      return { kind: 'list-retired', listId };
    case Kind.seats:
      return { kind: 'seats', listId, seats: readSeats(reader) };
    default:
      throw new StatusListError('FORMAT_UNKNOWN', { offset });
  }
}

function readSeats(reader: OctetReader): SeatChange[] {
  const offset = reader.offset;
  const count = reader.check('seats', reader.uint(3), 1, LIST_SIZE);
  if (count * 3 > reader.remaining) throw new StatusListError('TRUNCATED', { offset });
  const seats: SeatChange[] = [];
  for (let i = 0; i < count; i += 1) {
    const seat = reader.uint(3);
    const index = seat % LIST_SIZE;
    const value = Math.floor(seat / LIST_SIZE);
    if (!isSeatValue(value)) throw new StatusListError('VALUE_OUT_OF_RANGE', { offset: reader.offset, field: 'seat' });
    reader.canonical('seats', index > (seats.at(-1)?.index ?? -1));
    seats.push({ index, value });
  }
  return seats;
}
