import { HASH_LENGTH } from './hash.js';
import { NO_WELL_DEFINED_EXPIRATION } from './list-bucket.js';
import type { OctetReader } from './octet-reader.js';
import type { OctetWriter } from './octet-writer.js';
import { MAX_LIST_ID } from './seat.js';

/** Greatest end of a bucket, the one of `never`: the second after 99991231235959Z. */
export const MAX_BUCKET_END = NO_WELL_DEFINED_EXPIRATION + 1;

// Fields that several formats have, read and written alike in each. Readers: codes TRUNCATED, VALUE_OUT_OF_RANGE.

export function writeListId(writer: OctetWriter, listId: number): OctetWriter {
  if (listId > MAX_LIST_ID) throw new TypeError('listId does not fit');
  return writer.uint(4, listId, 'listId');
}

export function readListId(reader: OctetReader): number {
  return reader.check('listId', reader.uint(4), 0, MAX_LIST_ID);
}

/** First UTC second after a bucket. */
export function writeBucketEnd(writer: OctetWriter, bucketEnd: number): OctetWriter {
  if (bucketEnd > MAX_BUCKET_END) throw new TypeError('bucketEnd does not fit');
  return writer.uint64(bucketEnd, 'bucketEnd');
}

export function readBucketEnd(reader: OctetReader): number {
  return reader.check('bucketEnd', reader.uint64('bucketEnd'), 0, MAX_BUCKET_END);
}

/** Epochs are counted from one. */
export function writeEpoch(writer: OctetWriter, epoch: number): OctetWriter {
  if (epoch < 1) throw new TypeError('epoch does not fit');
  return writer.uint(4, epoch, 'epoch');
}

export function readEpoch(reader: OctetReader): number {
  return reader.check('epoch', reader.uint(4), 1, 0xffff_ffff);
}

export function writeHash(writer: OctetWriter, hash: Uint8Array, field: string): OctetWriter {
  return writer.fixed(hash, HASH_LENGTH, field);
}

export function readHash(reader: OctetReader): Uint8Array {
  return reader.octets(HASH_LENGTH);
}
