import { randomBytes, randomInt } from 'node:crypto';

import {
  HASH_LENGTH,
  LIST_SIZE,
  MAX_BUCKET_END,
  SeatBitmap,
  SeatValue,
  decodeSnapshot,
  encodeSnapshot,
  type Snapshot,
  type SnapshotList,
} from '@touchmark/status-list';

import { median } from './median.js';
import { report } from './report.js';

const SEATS = 10_000_000;
const INVALID = SEATS / 100;
const CERTIFICATES = 3;
const CERTIFICATE_LENGTH = 600;
const ROUNDS = 5;

/**
 * Row `status-snapshot` of the table in docs/performance.md: octets of the snapshot of 10 M seats with 1 % invalid at random,
 * headers and issuing certificates included, against the entropy of the seat values alone.
 */
export function run(): void {
  const snapshot = randomSnapshot();
  const encodeTimes: number[] = [];
  const decodeTimes: number[] = [];
  let bytes = encodeSnapshot(snapshot);
  for (let round = 0; round < ROUNDS; round++) {
    encodeTimes.push(milliseconds(() => (bytes = encodeSnapshot(snapshot))));
    decodeTimes.push(milliseconds(() => decodeSnapshot(bytes)));
  }
  const limit = entropyBound(SEATS, INVALID);
  report({
    bench: 'status-snapshot',
    value: bytes.length,
    unit: 'octets',
    limit,
    ratio: bytes.length / limit,
    seats: SEATS,
    invalid: INVALID,
    certificateOctets: CERTIFICATES * CERTIFICATE_LENGTH,
    encodeMs: Math.round(median(encodeTimes)),
    decodeMs: Math.round(median(decodeTimes)),
  });
}

/** Octets below which no code comes on average for `count` values of which `marked` are one symbol and the rest another. */
function entropyBound(count: number, marked: number): number {
  const p = marked / count;
  return (-(p * Math.log2(p) + (1 - p) * Math.log2(1 - p)) * count) / 8;
}

function randomSnapshot(): Snapshot {
  const issuerKeyId = new Uint8Array(randomBytes(HASH_LENGTH));
  const lists: SnapshotList[] = [];
  for (let left = SEATS; left > 0; left -= LIST_SIZE) {
    lists.push({
      listId: lists.length + 1,
      issuerKeyId,
      state: left > LIST_SIZE ? 'sealed' : 'open',
      bucketEnd: MAX_BUCKET_END,
      leasedTo: Math.min(left, LIST_SIZE),
      seats: new SeatBitmap(),
    });
  }
  for (let marked = 0; marked < INVALID;) {
    const seat = randomInt(SEATS);
    const seats = lists[Math.floor(seat / LIST_SIZE)]?.seats;
    if (seats === undefined || seats.get(seat % LIST_SIZE) !== SeatValue.valid) continue;
    seats.set(seat % LIST_SIZE, SeatValue.invalid);
    marked += 1;
  }
  const certificates = Array.from({ length: CERTIFICATES }, () => new Uint8Array(randomBytes(CERTIFICATE_LENGTH)));
  const batchHash = new Uint8Array(randomBytes(HASH_LENGTH));
  return { epoch: 1, sequence: INVALID, asOf: Math.floor(Date.now() / 1000), batchHash, certificates, lists };
}

function milliseconds(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}
