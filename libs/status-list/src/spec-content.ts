import { MAX_BUCKET_END } from './fields.js';
import { HASH_LENGTH } from './hash.js';
import { SeatBitmap } from './seat-bitmap.js';
import type { SeatValue } from './seat-value.js';
import type { Snapshot, SnapshotList } from './snapshot.js';

/** A key id that is easy to tell from others. */
export function keyId(octet: number): Uint8Array {
  return new Uint8Array(HASH_LENGTH).fill(octet);
}

/** Octets of hexadecimal digits, which may be grouped by white space. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

export function bitmapOf(seats: readonly (readonly [number, SeatValue])[]): SeatBitmap {
  const bitmap = new SeatBitmap();
  for (const [index, value] of seats) bitmap.set(index, value);
  return bitmap;
}

export function listOf(
  listId: number,
  seats: readonly (readonly [number, SeatValue])[],
  more: Partial<SnapshotList> = {},
): SnapshotList {
  const plain = { issuerKeyId: keyId(1), state: 'open', bucketEnd: MAX_BUCKET_END, leasedTo: 4096 } as const;
  return { listId, ...plain, seats: bitmapOf(seats), ...more };
}

/** A snapshot as plain data in the order of the format: two of them compare by what they say. */
export function contentOf(snapshot: Snapshot): unknown {
  const certificates = snapshot.certificates.map((one) => Buffer.from(one).toString('hex')).toSorted();
  const lists = snapshot.lists
    .map((list) => ({ ...list, seats: [...list.seats.nonValid()] }))
    .toSorted((a, b) => a.listId - b.listId);
  return { ...snapshot, certificates, lists };
}
