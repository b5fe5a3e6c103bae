import { equalBytes } from '@touchmark/der';
import type { SerialNumberParts } from '@touchmark/status-list';
import { findIssuedSeats, type Queryable, readIssuedSeats } from '@touchmark/store';
import type { Log } from '../log.js';
import { IssuedList } from './issued-list.js';

interface Waiting {
  readonly seat: SerialNumberParts;
  readonly resolve: (issued: boolean) => void;
  readonly reject: (error: unknown) => void;
}

export interface IssuedSeatsOptions {
  /** Lists held in memory; the one not asked about for longest goes. */
  readonly listsInMemory: number;
  /** Where whole lists are read, so that nothing else waits for a connection behind them. */
  readonly loadDb: Queryable;
  /** UTC seconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** Single look-ups of a list after which its whole array is worth reading. */
const LOAD_AFTER = 32;
/** Seconds for which a list that was dropped, or could not be read, is not read again: asking in turns must not keep us reading. */
const LOAD_PAUSE = 60;
const SEATS_PER_READ = 65_536;
const LOOKUPS_PER_READ = 1_000;

/**
 * Tells serial numbers that were issued from those that were not: good may be said only where all 64 random bits equal the
 * stored ones. Lists that are asked about are read into memory, one at a time; a seat that is not there is looked up, with whatever else
 * waits, in one statement at a time, so that made-up serial numbers cannot flood the database.
 */
export class IssuedSeats {
  private readonly db: Queryable;
  private readonly options: IssuedSeatsOptions;
  private readonly lists = new Map<number, IssuedList>();
  private readonly lookups = new Map<number, number>();
  /** UTC seconds before which a list is not read again. */
  private readonly pausedUntil = new Map<number, number>();
  private loading = false;
  private waiting: Waiting[] = [];
  private draining = false;

  constructor(db: Queryable, options: IssuedSeatsOptions) {
    this.db = db;
    this.options = options;
  }

  /** Answers at once what memory knows. Rejects with StoreError where the database must be asked and is away. */
  isIssued(seat: SerialNumberParts, leasedTo: number): boolean | Promise<boolean> {
    const list = this.lists.get(seat.listId);
    if (list) {
      this.touch(seat.listId, list);
      const known = list.has(seat.index, seat.random);
      if (known !== undefined) return known;
    } else {
      this.countLookup(seat.listId, leasedTo);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ seat, resolve, reject });
      if (!this.draining) void this.drain();
    });
  }

  // insertion order is the order of use
  private touch(listId: number, list: IssuedList): void {
    if (this.lists.size < this.options.listsInMemory) return;
    this.lists.delete(listId);
    this.lists.set(listId, list);
  }

  private countLookup(listId: number, leasedTo: number): void {
    const count = (this.lookups.get(listId) ?? 0) + 1;
    this.lookups.set(listId, count);
    if (count < LOAD_AFTER || this.loading || this.isPaused(listId)) return;
    this.loading = true;
    void this.load(listId, leasedTo).finally(() => {
      this.loading = false;
      this.lookups.delete(listId);
    });
  }

  private isPaused(listId: number): boolean {
    return this.options.now() < (this.pausedUntil.get(listId) ?? 0);
  }

  private pause(listId: number): void {
    this.pausedUntil.set(listId, this.options.now() + LOAD_PAUSE);
  }

  private async load(listId: number, leasedTo: number): Promise<void> {
    const list = new IssuedList();
    try {
      for (let from = 0; from < leasedTo; from += SEATS_PER_READ)
        list.addAll(await readIssuedSeats(this.options.loadDb, listId, from, from + SEATS_PER_READ));
    } catch (error) {
      this.options.log.warn({ listId, err: error }, 'issued serial numbers could not be read');
      this.pause(listId);
      return;
    }
    const [oldest] = this.lists.keys();
    if (oldest !== undefined && this.lists.size >= this.options.listsInMemory) {
      this.lists.delete(oldest);
      this.pause(oldest);
    }
    this.lists.set(listId, list);
  }

  private async drain(): Promise<void> {
    this.draining = true;
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting.slice(0, LOOKUPS_PER_READ);
        this.waiting = this.waiting.slice(LOOKUPS_PER_READ);
        await this.lookUp(batch);
      }
    } finally {
      this.draining = false;
    }
  }

  private async lookUp(batch: readonly Waiting[]): Promise<void> {
    try {
      const found = await findIssuedSeats(
        this.db,
        batch.map(({ seat }) => seat),
      );
      const randoms = new Map(found.map((seat) => [keyOf(seat), seat.random]));
      for (const { seat, resolve } of batch) {
        const random = randoms.get(keyOf(seat));
        if (random) this.lists.get(seat.listId)?.add(seat.index, random);
        resolve(random !== undefined && equalBytes(random, seat.random));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

const keyOf = ({ listId, index }: { listId: number; index: number }): string => `${listId}.${index}`;
