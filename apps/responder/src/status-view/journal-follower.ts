import type { JournalPosition } from '@touchmark/ca-port';
import { type Database, journalChannel, readChanges, readStatusSnapshot } from '@touchmark/store';
import { inTime } from '../in-time.js';
import type { Log } from '../log.js';
import { JournalGapError, type StatusView } from './status-view.js';

export interface FollowerOptions {
  /** UTC seconds. */
  readonly now: () => number;
  /** Seconds that our clock and the database's may be apart: beyond, thisUpdate would mislead relying parties. */
  readonly allowedLag: number;
  /** Called after the whole view was replaced. */
  readonly onReload: () => void;
  /** Called whenever the view was proven anew; seats may have changed. */
  readonly onProven?: () => void;
  readonly log: Log;
}

/** The database's journal is behind what we have seen of it: a restore without a new epoch. Nothing is proven from it (rule 9). */
export class JournalWentBackError extends Error {
  readonly code = 'JOURNAL_WENT_BACK';
}

/** Our clock and the database's are too far apart to stamp answers with either. */
export class ClockUntrustedError extends Error {
  readonly code = 'CLOCK_UNTRUSTED';
}

const READ_MILLISECONDS = 5_000;
const LOAD_MILLISECONDS = 120_000;

/** Keeps the status view at the head of the journal: on every NOTIFY, and whenever `refresh` is called (each second). */
export class JournalFollower {
  private readonly db: Database;
  private readonly view: StatusView;
  private readonly options: FollowerOptions;
  private reading: Promise<void> | undefined;
  private again = false;
  private failing: string | undefined;
  private listener: Promise<{ close(): Promise<void> }> | undefined;

  constructor(db: Database, view: StatusView, options: FollowerOptions) {
    this.db = db;
    this.view = view;
    this.options = options;
  }

  /** Reads once, so that a healthy start can answer at once; a database that is away is tried again by `refresh`. */
  async start(): Promise<void> {
    this.listener = this.db.listen(journalChannel, () => void this.refresh());
    await this.listener;
    await this.refresh();
  }

  async stop(): Promise<void> {
    await (await this.listener)?.close();
    await this.reading;
  }

  /** Brings the view to the head as of now; calls made meanwhile share one more round. Never rejects. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.run().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      try {
        await this.follow();
        this.recovered();
        this.options.onProven?.();
      } catch (error) {
        this.failed(error);
      }
    } while (this.again && this.failing === undefined);
  }

  private async follow(): Promise<void> {
    const { position } = this.view;
    // our clock before the database's: a proof is never taken for younger than it is
    const askedAt = this.options.now();
    if (!position) return this.reload(askedAt, undefined);
    const read = await inTime(readChanges(this.db, position), READ_MILLISECONDS);
    if (isBehind(read.position, position)) throw new JournalWentBackError('the journal is behind what was seen of it');
    this.checkClock(read.provenAt, askedAt);
    try {
      this.view.apply(read, askedAt);
    } catch (error) {
      if (!(error instanceof JournalGapError)) throw error;
      this.options.log.warn(
        { from: position, to: read.position, err: error },
        'journal does not follow on, loading everything',
      );
      await this.reload(askedAt, position);
    }
  }

  private async reload(askedAt: number, before: JournalPosition | undefined): Promise<void> {
    const snapshot = await inTime(readStatusSnapshot(this.db), LOAD_MILLISECONDS);
    if (before && isBehind(snapshot.position, before))
      throw new JournalWentBackError('the journal is behind what was seen of it');
    this.checkClock(snapshot.provenAt, askedAt);
    this.view.load(snapshot, askedAt);
    this.options.onReload();
    this.options.log.info({ position: snapshot.position, lists: snapshot.lists.length }, 'status loaded');
  }

  private checkClock(provenAt: number, askedAt: number): void {
    // the answer may have taken a while, so only what lies outside of asking and now is disagreement
    const { now, allowedLag } = this.options;
    if (provenAt < askedAt - allowedLag || provenAt > now() + allowedLag)
      throw new ClockUntrustedError(`the database's clock says ${provenAt}, ours ${askedAt}`);
  }

  private failed(error: unknown): void {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
    if (reason !== this.failing)
      this.options.log.error({ err: error, provenAt: this.view.provenAt }, 'status can no longer be proven');
    this.failing = reason;
  }

  private recovered(): void {
    if (this.failing !== undefined) this.options.log.info({ position: this.view.position }, 'status is proven again');
    this.failing = undefined;
  }
}

export function isBehind(position: JournalPosition, seen: JournalPosition): boolean {
  return position.epoch < seen.epoch || (position.epoch === seen.epoch && position.sequence < seen.sequence);
}
