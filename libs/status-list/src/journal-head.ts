import { readEpoch, readHash, writeEpoch, writeHash } from './fields.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter } from './octet-writer.js';

const MAGIC = 'TMSH';
const VERSION = 1;

/** Says how far the journal had come at a time. The age of what a follower knows is the age of the last head it accepted. */
export interface JournalHead {
  readonly epoch: number;
  /** Number of the last journal entry; 0 where the epoch has none yet. */
  readonly sequence: number;
  /** Hash of the batch that ends at `sequence`: 32 octets, zero where the epoch has none yet. */
  readonly batchHash: Uint8Array;
  /** UTC seconds: then, the journal held nothing beyond `sequence`. */
  readonly time: number;
}

/** Writes a head, 57 octets. TypeError for a number out of range. */
export function encodeJournalHead({ epoch, sequence, batchHash, time }: JournalHead): Uint8Array {
  const writer = new OctetWriter().format(MAGIC, VERSION);
  writeEpoch(writer, epoch).uint64(sequence, 'sequence');
  return writeHash(writer, batchHash, 'batchHash').uint64(time, 'time').toBytes();
}

/** Reads a head. Codes TRUNCATED, TRAILING_DATA, FORMAT_UNKNOWN, VALUE_OUT_OF_RANGE. */
export function decodeJournalHead(bytes: Uint8Array): JournalHead {
  const reader = new OctetReader(bytes);
  reader.format(MAGIC, VERSION);
  const epoch = readEpoch(reader);
  const sequence = reader.uint64('sequence');
  const batchHash = readHash(reader);
  const time = reader.uint64('time');
  reader.end();
  return { epoch, sequence, batchHash, time };
}
