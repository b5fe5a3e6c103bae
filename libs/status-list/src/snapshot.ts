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
import { readListSeats, writeListSeats } from './list-seats.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter, compareOctets } from './octet-writer.js';
import { LIST_SIZE } from './seat.js';
import type { SeatBitmap } from './seat-bitmap.js';

const MAGIC = 'TMSS';
const VERSION = 1;

/** Octets of a list without its seats; no list is shorter. */
const LIST_LENGTH = 18;

/** Seats that a reader holds if it is not told otherwise: 256 Mi, 64 MiB of memory. */
export const MAX_SNAPSHOT_SEATS = 2 ** 28;

/** Octets of the longest certificate that a snapshot can carry. */
export const MAX_CERTIFICATE_LENGTH = 0xffff;

/** A sealed list leases no more blocks. A retired one stands in no snapshot. */
export type ListState = 'open' | 'sealed';

export interface SnapshotList {
  readonly listId: number;
  /** SHA-256 of the issuing key's SubjectPublicKeyInfo, 32 octets. */
  readonly issuerKeyId: Uint8Array;
  readonly state: ListState;
  /** First UTC second after the list's bucket; `NO_WELL_DEFINED_EXPIRATION + 1` for `never`. */
  readonly bucketEnd: number;
  /** Seats below this index lie in leased blocks. */
  readonly leasedTo: number;
  readonly seats: SeatBitmap;
}

/** Everything that there is to know about status at one position of the journal. */
export interface Snapshot {
  /** 1 to 2^32 − 1. */
  readonly epoch: number;
  /** Number of the last journal entry that is in it; 0 where the epoch has none yet. */
  readonly sequence: number;
  /** UTC seconds: then, the journal held nothing beyond `sequence`. */
  readonly asOf: number;
  /** Hash of the batch that ends at `sequence`: 32 octets, zero where the epoch has none yet. */
  readonly batchHash: Uint8Array;
  /** Certificates of the issuing CAs, DER. */
  readonly certificates: readonly Uint8Array[];
  /** All lists that are not retired. */
  readonly lists: readonly SnapshotList[];
}

/**
 * Writes a snapshot, each content in exactly one way (docs/status-snapshot.md); lists and certificates may come in any
 * order. TypeError for what no service has: a list or certificate twice, a seat beyond the lease, a number out of range.
 */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const certificates = snapshot.certificates.toSorted(compareOctets);
  const lists = snapshot.lists.toSorted((a, b) => a.listId - b.listId);
  const keyIds = distinct(lists.map(({ issuerKeyId }) => issuerKeyId));
  if (lists.some(({ listId }, i) => listId === lists[i - 1]?.listId)) throw new TypeError('two lists have one id');
  if (distinct(certificates).length < certificates.length) throw new TypeError('a certificate stands there twice');

  const writer = new OctetWriter().format(MAGIC, VERSION);
  writeEpoch(writer, snapshot.epoch).uint64(snapshot.sequence, 'sequence').uint64(snapshot.asOf, 'asOf');
  writeHash(writer, snapshot.batchHash, 'batchHash');
  writer.uint(2, certificates.length, 'certificates');
  for (const certificate of certificates) {
    if (certificate.length === 0) throw new TypeError('a certificate is empty');
    writer.uint(2, certificate.length, 'certificate').octets(certificate);
  }
  writer.uint(2, keyIds.length, 'issuer keys');
  for (const keyId of keyIds) writeHash(writer, keyId, 'issuerKeyId');
  writer.uint(4, lists.length, 'lists');
  for (const list of lists) {
    writeListId(writer, list.listId).uint(2, indexOfOctets(keyIds, list.issuerKeyId), 'issuer');
    writer.uint(1, list.state === 'open' ? 0 : 1, 'state');
    writeBucketEnd(writer, list.bucketEnd).uint(3, list.leasedTo, 'leasedTo');
    writeListSeats(writer, list.seats, list.leasedTo);
  }
  return writer.toBytes();
}

/**
 * Reads a snapshot. Every octet is checked, so that two readers never differ; the time is linear in the octets, memory
 * is bound by them and by `maxSeats`, which counts the leased seats of all lists.
 * Codes TRUNCATED, TRAILING_DATA, FORMAT_UNKNOWN, VALUE_OUT_OF_RANGE, NOT_CANONICAL, TOO_LARGE.
 */
export function decodeSnapshot(bytes: Uint8Array, { maxSeats = MAX_SNAPSHOT_SEATS } = {}): Snapshot {
  const reader = new OctetReader(bytes);
  reader.format(MAGIC, VERSION);
  const epoch = readEpoch(reader);
  const sequence = reader.uint64('sequence');
  const asOf = reader.uint64('asOf');
  const batchHash = readHash(reader);
  const certificates = readRising(reader, 'certificates', () =>
    reader.octets(reader.check('certificate', reader.uint(2), 1, MAX_CERTIFICATE_LENGTH)),
  );
  const keyIds = readRising(reader, 'issuer keys', () => readHash(reader));
  const lists = readLists(reader, keyIds, maxSeats);
  reader.end();
  return { epoch, sequence, asOf, batchHash, certificates, lists };
}

function readLists(reader: OctetReader, keyIds: readonly Uint8Array[], maxSeats: number): SnapshotList[] {
  const offset = reader.offset;
  const count = reader.uint(4);
  if (count * (LIST_LENGTH + 1) > reader.remaining) throw new StatusListError('TRUNCATED', { offset });
  const lists: SnapshotList[] = [];
  const used = new Set<Uint8Array>();
  let seats = 0;
  for (let i = 0; i < count; i += 1) {
    const listId = readListId(reader);
    reader.canonical('listId', listId > (lists.at(-1)?.listId ?? -1));
    const issuerKeyId = keyIds[reader.check('issuer', reader.uint(2), 0, keyIds.length - 1)] ?? new Uint8Array();
    used.add(issuerKeyId);
    const state = reader.check('state', reader.uint(1), 0, 1) === 0 ? 'open' : 'sealed';
    const bucketEnd = readBucketEnd(reader);
    const leasedTo = reader.check('leasedTo', reader.uint(3), 0, LIST_SIZE);
    seats += leasedTo;
    if (seats > maxSeats) throw new StatusListError('TOO_LARGE', { field: 'seats', limit: maxSeats });
    lists.push({ listId, issuerKeyId, state, bucketEnd, leasedTo, seats: readListSeats(reader, leasedTo) });
  }
  reader.canonical('issuer keys', used.size === keyIds.length);
  return lists;
}

/** A 16-bit count of octet strings, each greater than the one before it. */
function readRising(reader: OctetReader, field: string, readOne: () => Uint8Array): Uint8Array[] {
  const count = reader.uint(2);
  const all: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1) {
    const one = readOne();
    const previous = all.at(-1);
    reader.canonical(field, previous === undefined || compareOctets(previous, one) < 0);
    all.push(one);
  }
  return all;
}

function distinct(all: readonly Uint8Array[]): Uint8Array[] {
  const sorted = all.toSorted(compareOctets);
  return sorted.filter((one, i) => i === 0 || compareOctets(sorted[i - 1] ?? one, one) !== 0);
}

function indexOfOctets(sorted: readonly Uint8Array[], one: Uint8Array): number {
  return sorted.findIndex((other) => compareOctets(other, one) === 0);
}
