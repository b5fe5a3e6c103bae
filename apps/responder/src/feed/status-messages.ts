import type { JournalPosition } from '@touchmark/ca-port';
import {
  type Database,
  type PublishedSigner,
  type PublishedSnapshot,
  readPublishedSnapshot,
  readStatusNews,
  readStatusSigners,
  startOfNewestBatches,
  type StatusNews,
} from '@touchmark/store';
import { inTime } from '../in-time.js';

/** Where the feed finds what the CA has signed. Each call may reject, with StoreError or because it took too long. */
export interface StatusMessages {
  news(after: JournalPosition): Promise<StatusNews>;
  snapshot(at: JournalPosition): Promise<PublishedSnapshot | undefined>;
  /** Behind which entry the newest batches begin that stay within the limits; undefined where there are none. */
  startOfNewest(
    epoch: number,
    limits: { readonly count: number; readonly octets: number },
  ): Promise<number | undefined>;
  /** All signers that there ever were: an old message names an old key. */
  signers(): Promise<readonly PublishedSigner[]>;
}

const READ_MILLISECONDS = 5_000;
const SNAPSHOT_MILLISECONDS = 60_000;

export const storedMessages = (db: Database): StatusMessages => ({
  news: (after) => inTime(readStatusNews(db, after), READ_MILLISECONDS),
  snapshot: (at) => inTime(readPublishedSnapshot(db, at), SNAPSHOT_MILLISECONDS),
  startOfNewest: (epoch, limits) => inTime(startOfNewestBatches(db, epoch, limits), READ_MILLISECONDS),
  signers: () => inTime(readStatusSigners(db, 0), READ_MILLISECONDS),
});
