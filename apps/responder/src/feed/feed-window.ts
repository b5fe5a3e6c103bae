import type { JournalPosition } from '@touchmark/ca-port';
import type { FeedMessage } from './feed-message.js';

export interface WindowLimits {
  /** Batches, older than the snapshot, that are kept for who was away: who missed more takes the snapshot. */
  readonly batches: number;
  /** Octets of their events. */
  readonly octets: number;
}

/**
 * One epoch's newest snapshot, the chain of batches around it, and the newest head, in memory. All batches behind the snapshot
 * are here, and as many before it as the limits allow. It knows places only; it never looks into a message.
 */
export class FeedWindow {
  readonly epoch: number;
  private readonly limits: WindowLimits;
  private batches: FeedMessage[] = [];
  private octets = 0;
  /** The entry before the first batch. */
  private start: number;
  private newestSnapshot: FeedMessage;
  private newestHead: FeedMessage | undefined;

  /** Begins empty behind `start`, which is not beyond the snapshot. */
  constructor(snapshot: FeedMessage, start: number, limits: WindowLimits) {
    if (start > snapshot.sequence) throw new TypeError('a window begins before its snapshot');
    this.epoch = snapshot.epoch;
    this.newestSnapshot = snapshot;
    this.start = start;
    this.limits = limits;
  }

  /** The last entry that is known. */
  get end(): number {
    return this.batches.at(-1)?.sequence ?? this.start;
  }

  get snapshot(): FeedMessage {
    return this.newestSnapshot;
  }

  /** UTC seconds: the latest time for which a head or the snapshot speaks. */
  get time(): number {
    return Math.max(this.newestHead?.time ?? 0, this.newestSnapshot.time);
  }

  /** The newest head, unless batches have come since: then it says less than is known. */
  get head(): FeedMessage | undefined {
    return this.newestHead?.sequence === this.end ? this.newestHead : undefined;
  }

  /** Whether the batch begins right behind what is known; only such a one may be added. */
  continues(batch: FeedMessage): boolean {
    return batch.epoch === this.epoch && batch.after === this.end;
  }

  add(batch: FeedMessage): void {
    if (!this.continues(batch)) throw new TypeError('the batch does not continue the window');
    this.batches.push(batch);
    this.octets += batch.event.length;
    this.trim();
  }

  /** Takes a later snapshot; false, and nothing happens, where no batch ends with it. */
  takeSnapshot(snapshot: FeedMessage): boolean {
    if (snapshot.epoch !== this.epoch || this.after(snapshot.sequence) === undefined) return false;
    this.newestSnapshot = snapshot;
    this.trim();
    return true;
  }

  /** Takes a head of the last entry that is later than the one that is known; false where it is none. */
  takeHead(head: FeedMessage): boolean {
    const known = this.newestHead;
    if (head.epoch !== this.epoch || head.sequence !== this.end) return false;
    if (known && known.sequence === head.sequence && known.time >= head.time) return false;
    this.newestHead = head;
    return true;
  }

  /** The batches behind an entry, none where it is the last; undefined where no batch here begins behind it. */
  after(sequence: number): readonly FeedMessage[] | undefined {
    if (sequence === this.end) return [];
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batches[middle]?.after ?? Infinity) < sequence) low = middle + 1;
      else high = middle;
    }
    return this.batches[low]?.after === sequence ? this.batches.slice(low) : undefined;
  }

  /**
   * What a follower who knows `position` needs, in order: the batches behind it, or the snapshot and the batches behind that;
   * then the head.
   */
  since(position: JournalPosition | undefined): readonly FeedMessage[] {
    const known = position?.epoch === this.epoch ? this.after(position.sequence) : undefined;
    const messages =
      known && known.length <= this.limits.batches
        ? known
        : [this.snapshot, ...(this.after(this.snapshot.sequence) ?? [])];
    return this.head ? [...messages, this.head] : messages;
  }

  private trim(): void {
    let count = 0;
    let { octets } = this;
    for (const batch of this.batches) {
      const isOver = this.batches.length - count > this.limits.batches || octets > this.limits.octets;
      if (!isOver || batch.sequence > this.snapshot.sequence) break;
      count += 1;
      octets -= batch.event.length;
      this.start = batch.sequence;
    }
    if (count > 0) this.batches = this.batches.slice(count);
    this.octets = octets;
  }
}
