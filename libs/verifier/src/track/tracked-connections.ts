import { type JournalEntry, LIST_SIZE, type Seat } from '@touchmark/status-list';

import type { AskedPath, PathSeat } from '../path/known-paths.js';

/** Why a connection was ended. */
export type EndedBecause =
  | 'CERT_REVOKED'
  | 'CERT_SUSPENDED'
  | 'STATUS_UNKNOWN'
  | 'CERT_EXPIRED'
  | 'CERT_NOT_YET_VALID'
  | 'STATUS_STALE';

/** What of a path can change under a connection. */
export interface Standing {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly seats: readonly PathSeat[];
  /** There for paths that other sources than seats are asked about. */
  readonly asked: AskedPath | undefined;
}

interface Tracked extends Standing {
  readonly connection: { destroy(): void };
}

export interface TrackedConnectionsOptions {
  /** Whether a path still stands at this moment; undefined if so. */
  readonly judge: (standing: Standing) => EndedBecause | undefined;
  readonly onEnded: (because: EndedBecause) => void;
  /** A connection threw when it was destroyed; the others are ended all the same. */
  readonly onFailed: (cause: unknown) => void;
}

/** Connections by the seats that they stand on, so that a change costs what it touches and not what there is. */
export class TrackedConnections {
  private readonly options: TrackedConnectionsOptions;
  private readonly all = new Set<Tracked>();
  private readonly asked = new Set<Tracked>();
  private readonly bySeat = new Map<number, Tracked | Set<Tracked>>();
  /** No tracked certificate ends before this, UTC seconds. */
  private firstEnd = Number.POSITIVE_INFINITY;

  constructor(options: TrackedConnectionsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.all.size;
  }

  /** Ends it at once if it does not stand; else it is ended when it no longer does. The function returned forgets it. */
  add(connection: { destroy(): void }, { notBefore, notAfter, seats, asked }: Standing): () => void {
    const tracked: Tracked = { connection, notBefore, notAfter, seats, asked };
    this.all.add(tracked);
    if (asked !== undefined) this.asked.add(tracked);
    for (const { seat } of seats) this.enter(numberOf(seat), tracked);
    this.firstEnd = Math.min(this.firstEnd, notAfter);
    this.check(tracked);
    return () => this.remove(tracked);
  }

  /** Looks again at the connections that journal entries touch. */
  checkTouched(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'list-retired') {
        this.checkAll();
        return;
      }
      if (entry.kind !== 'seats') continue;
      for (const { index } of entry.seats) {
        const found = this.bySeat.get(numberOf({ listId: entry.listId, index }));
        for (const tracked of found instanceof Set ? [...found] : found === undefined ? [] : [found])
          this.check(tracked);
      }
    }
  }

  /** Looks again at every connection. */
  checkAll(): void {
    let firstEnd = Number.POSITIVE_INFINITY;
    for (const tracked of this.all) {
      this.check(tracked);
      if (this.all.has(tracked)) firstEnd = Math.min(firstEnd, tracked.notAfter);
    }
    this.firstEnd = firstEnd;
  }

  /** Looks again at those that other sources than seats are asked about. */
  checkAsked(): void {
    for (const tracked of this.asked) this.check(tracked);
  }

  /** Looks at all if a certificate has ended by now. */
  checkDates(now: number): void {
    if (this.all.size > 0 && !(now <= this.firstEnd)) this.checkAll();
  }

  private check(tracked: Tracked): void {
    const because = this.all.has(tracked) ? this.options.judge(tracked) : undefined;
    if (because === undefined) return;
    this.remove(tracked);
    try {
      tracked.connection.destroy();
    } catch (cause) {
      this.options.onFailed(cause);
    }
    this.options.onEnded(because);
  }

  private remove(tracked: Tracked): void {
    if (!this.all.delete(tracked)) return;
    this.asked.delete(tracked);
    for (const { seat } of tracked.seats) this.leave(numberOf(seat), tracked);
  }

  private enter(number: number, tracked: Tracked): void {
    const found = this.bySeat.get(number);
    if (found === undefined) this.bySeat.set(number, tracked);
    else if (found instanceof Set) found.add(tracked);
    else if (found !== tracked) this.bySeat.set(number, new Set([found, tracked]));
  }

  private leave(number: number, tracked: Tracked): void {
    const found = this.bySeat.get(number);
    if (found instanceof Set) {
      found.delete(tracked);
      if (found.size > 0) return;
    }
    this.bySeat.delete(number);
  }
}

// List ids are unique in a service, 31 bits; with the 20 bits of an index they fit exactly into a number.
function numberOf({ listId, index }: Seat): number {
  return listId * LIST_SIZE + index;
}
