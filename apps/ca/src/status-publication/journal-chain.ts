import {
  bucketEnd,
  encodeJournalBatch,
  type JournalEntry,
  MAX_BUCKET_END,
  NO_BATCH,
  payloadHash,
} from '@touchmark/status-list';
import {
  insertStatusBatches,
  journalAfter,
  type NumberedEntry,
  type StatusBatchRecord,
  type Transaction,
} from '@touchmark/store';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';
import type { StatusSigner } from './status-key.js';

/** Where a chain of batches ends; `hash` is that of the last batch, NO_BATCH where there is none. */
export interface ChainEnd {
  readonly epoch: number;
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/** The end of a chain that has not begun. */
export const chainStart = (epoch: number): ChainEnd => ({ epoch, sequence: 0, hash: NO_BATCH });

/** Entries of one batch, and its octets as far as its entries make them; a single greater entry is a batch of its own. */
const BATCH_ENTRIES = 1_000;
const BATCH_OCTETS = 2 ** 20;

/** Entries that are held in memory at a time. */
const READ_ENTRIES = 2_000;

/** Continues a chain with signed batches up to an entry of the journal, in a transaction that sees the journal so far. */
export async function continueChain(
  tx: Transaction,
  from: ChainEnd,
  to: number,
  signer: StatusSigner,
  signedAt: number,
): Promise<ChainEnd> {
  let end = from;
  while (end.sequence < to) {
    const entries = await journalAfter(tx, end, READ_ENTRIES);
    const batches: StatusBatchRecord[] = [];
    for (const cut of cutBatches(entries)) {
      const first = end.sequence + 1;
      if (cut[0]?.sequence !== first) throw new TypeError(`the journal has no entry ${end.epoch}.${first}`);
      const payload = encodeJournalBatch({
        epoch: end.epoch,
        first,
        previousHash: end.hash,
        entries: cut.map(toPublished),
      });
      end = { epoch: end.epoch, sequence: end.sequence + cut.length, hash: payloadHash(payload) };
      const message = await signer.sign('batch', payload);
      batches.push({ epoch: end.epoch, first, last: end.sequence, hash: end.hash, message, signedAt });
    }
    if (batches.length === 0) throw new TypeError(`the journal ends before its head, at ${end.epoch}.${end.sequence}`);
    await insertStatusBatches(tx, batches);
  }
  return end;
}

/** Consecutive entries in pieces, each of which makes one batch. */
export function cutBatches(entries: readonly NumberedEntry[]): NumberedEntry[][] {
  const batches: NumberedEntry[][] = [];
  let batch: NumberedEntry[] = [];
  let octets = 0;
  for (const entry of entries) {
    const more = octetsOf(entry);
    if (batch.length === BATCH_ENTRIES || (batch.length > 0 && octets + more > BATCH_OCTETS)) {
      batches.push(batch);
      batch = [];
      octets = 0;
    }
    batch.push(entry);
    octets += more;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** Octets of an entry in a batch, at most. */
const octetsOf = (entry: NumberedEntry): number => 48 + (entry.kind === 'seats' ? 3 * entry.indexes.length : 0);

function toPublished(entry: NumberedEntry): JournalEntry {
  const { kind, listId } = entry;
  switch (kind) {
    case 'list-opened': {
      const issuerKeyId = issuerKeyIdOf(entry.authorityCertificate);
      return { kind, listId, issuerKeyId, bucketEnd: publishedBucketEnd(entry.bucket) };
    }
    case 'block-leased':
      return { kind, listId, leasedTo: entry.leasedTo };
    case 'seats':
      return {
        kind,
        listId,
        seats: entry.indexes.map((index, i) => {
          const value = entry.values[i];
          if (value === undefined) throw new TypeError('a seat of the journal has no value');
          return { index, value };
        }),
      };
    case 'list-sealed':
    case 'list-retired':
      return { kind, listId };
  }
}

/** What a list's issuing key is called in what is published. */
export const issuerKeyIdOf = (authorityCertificate: Uint8Array): Uint8Array =>
  spkiSha256(parseCertificate(authorityCertificate).subjectPublicKeyInfo);

/** First UTC second after a bucket, as it is published: `never` ends when time does. */
export const publishedBucketEnd = (bucket: string): number => bucketEnd(bucket) ?? MAX_BUCKET_END;
