import type { JournalPosition } from '@touchmark/ca-port';
import { BATCHES_PER_READ, type PublishedSigner, type StatusNews } from '@touchmark/store';
import type { Log } from '../log.js';
import { isBehind, JournalWentBackError } from '../status-view/journal-follower.js';
import {
  batchMessage,
  type FeedMessage,
  type FeedSigner,
  headMessage,
  signerOf,
  snapshotMessage,
} from './feed-message.js';
import { FeedWindow, type WindowLimits } from './feed-window.js';
import type { StatusMessages } from './status-messages.js';

/** Who is told what is new. */
export interface Follower {
  /** The next message in order. */
  take(message: FeedMessage): void;
  /** What was known is replaced: the follower begins again from the position that it has reached. */
  beginAgain(): void;
}

/** A message names a status key of which no certificate is published: nobody could check it. */
export class StatusSignerUnknownError extends Error {
  readonly code = 'STATUS_SIGNER_UNKNOWN';
}

/** Resume within these; beyond, a snapshot is shorter. */
export const WINDOW_LIMITS: WindowLimits = { batches: 1_000, octets: 32 * 2 ** 20 };

/**
 * Holds what the feed says and tells it to all followers: one read of the database serves every one of them, however many they
 * are. It reads on each NOTIFY and whenever `refresh` is called (each second).
 */
export class FeedHub {
  private readonly messages: StatusMessages;
  private readonly log: Log;
  private readonly limits: WindowLimits;
  private readonly followers = new Set<Follower>();
  private signers = new Map<string, FeedSigner>();
  private allSigners: readonly PublishedSigner[] = [];
  private current: FeedWindow | undefined;
  private reading: Promise<void> | undefined;
  private again = false;
  private failing: string | undefined;

  constructor(messages: StatusMessages, log: Log, limits: WindowLimits = WINDOW_LIMITS) {
    this.messages = messages;
    this.log = log;
    this.limits = limits;
  }

  /** Undefined until the first snapshot was read. */
  get window(): FeedWindow | undefined {
    return this.current;
  }

  /** UTC seconds: the signed time of the newest head or snapshot, 0 before there is one. */
  get headTime(): number {
    return this.current?.time ?? 0;
  }

  /** The signer of a message of the window; each is known before its message is. */
  signer(keyId: string): FeedSigner | undefined {
    return this.signers.get(keyId);
  }

  /** All signers that are known; another array when there are others. */
  get publishedSigners(): readonly PublishedSigner[] {
    return this.allSigners;
  }

  /** Tells the follower what comes from now on, until the answered function is called. */
  add(follower: Follower): () => void {
    this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }

  /** Brings the window to what is published as of now; calls made meanwhile share one more round. Never rejects. */
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

  /** Resolves once nothing is being read. */
  async settled(): Promise<void> {
    await this.reading;
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      try {
        await this.read();
        this.said(undefined);
      } catch (error) {
        this.said(error);
      }
    } while (this.again && this.failing === undefined);
  }

  private async read(): Promise<void> {
    const window = this.current;
    if (!window || !(await this.follow(window))) await this.load();
  }

  /** Takes what came behind the window; false where it does not continue it, and everything must be loaded. */
  private async follow(window: FeedWindow): Promise<boolean> {
    for (;;) {
      const news = await this.newsAfter(window);
      checkNotBack(news, { epoch: window.epoch, sequence: 0 });
      if (isBeyond(news, window)) return false;
      for (const batch of news.batches.map(batchMessage)) {
        if (!window.continues(batch)) return false;
        await this.knowSigner(batch);
        window.add(batch);
        this.tell(batch);
      }
      if (news.batches.length === BATCHES_PER_READ) continue;
      if ((news.head?.sequence ?? 0) > window.end) return false;
      await this.takeHead(window, news);
      return this.takeSnapshot(window, news);
    }
  }

  private async takeHead(window: FeedWindow, { head }: StatusNews): Promise<void> {
    if (!head) return;
    const message = headMessage(head);
    await this.knowSigner(message);
    if (window.takeHead(message)) this.tell(message);
  }

  /** False where the snapshot stands inside of a batch of ours. One that went away meanwhile is read with the next news. */
  private async takeSnapshot(window: FeedWindow, { snapshot: at }: StatusNews): Promise<boolean> {
    const { sequence, time } = window.snapshot;
    if (!at || at.sequence < sequence || (at.sequence === sequence && at.asOf <= time)) return true;
    const snapshot = await this.readSnapshot(at);
    return snapshot === undefined || window.takeSnapshot(snapshot);
  }

  /** Reads everything anew. Nothing is told of an epoch whose first snapshot is not there yet. */
  private async load(): Promise<void> {
    const before = this.current;
    const { head, snapshot: at } = await this.messages.news({ epoch: 0, sequence: 0 });
    if (!at || (head && head.epoch > at.epoch)) return;
    if (before) checkNotBack({ head, snapshot: at }, { epoch: before.epoch, sequence: 0 });
    const snapshot = await this.readSnapshot(at);
    if (!snapshot) return;
    const { batches: count, octets } = this.limits;
    const newest = await this.messages.startOfNewest(at.epoch, { count, octets: Math.floor((octets * 3) / 4) });
    const window = new FeedWindow(snapshot, Math.min(newest ?? at.sequence, at.sequence), this.limits);
    await this.readBatches(window);
    if (before && window.epoch === before.epoch && window.end < before.end)
      throw new JournalWentBackError('the journal is behind what was seen of it');
    this.current = window;
    this.log.info({ epoch: window.epoch, sequence: window.end, snapshot: at.sequence }, 'status feed loaded');
    for (const follower of this.followers) follower.beginAgain();
  }

  private async readBatches(window: FeedWindow): Promise<void> {
    for (;;) {
      const news = await this.newsAfter(window);
      for (const batch of news.batches.map(batchMessage)) {
        if (!window.continues(batch)) throw new TypeError(`no journal batch begins behind entry ${window.end}`);
        await this.knowSigner(batch);
        window.add(batch);
      }
      if (news.batches.length === BATCHES_PER_READ) continue;
      if (window.after(window.snapshot.sequence) === undefined)
        throw new TypeError(`no journal batch ends with entry ${window.snapshot.sequence}, where the snapshot stands`);
      if (news.head?.epoch === window.epoch) window.takeHead(await this.known(headMessage(news.head)));
      return;
    }
  }

  private newsAfter(window: FeedWindow): Promise<StatusNews> {
    return this.messages.news({ epoch: window.epoch, sequence: window.end });
  }

  private async readSnapshot(at: JournalPosition): Promise<FeedMessage | undefined> {
    const snapshot = await this.messages.snapshot(at);
    return snapshot && this.known(snapshotMessage(snapshot));
  }

  private async known(message: FeedMessage): Promise<FeedMessage> {
    await this.knowSigner(message);
    return message;
  }

  private async knowSigner({ keyId, type, epoch, sequence }: FeedMessage): Promise<void> {
    if (this.signers.has(keyId)) return;
    this.allSigners = await this.messages.signers();
    this.signers = new Map(this.allSigners.map(signerOf).map((signer) => [signer.keyId, signer]));
    if (!this.signers.has(keyId))
      throw new StatusSignerUnknownError(`no certificate of status key ${keyId}, ${type} ${epoch}.${sequence}`);
  }

  private tell(message: FeedMessage): void {
    for (const follower of this.followers) follower.take(message);
  }

  private said(error: unknown): void {
    const reason = error === undefined ? undefined : codeOf(error);
    if (reason !== undefined && reason !== this.failing) this.log.error({ err: error }, 'the status feed stands still');
    if (reason === undefined && this.failing !== undefined) this.log.info({}, 'the status feed goes on');
    this.failing = reason;
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN');

function checkNotBack(news: Pick<StatusNews, 'head' | 'snapshot'>, seen: JournalPosition): void {
  for (const position of [news.head, news.snapshot])
    if (position && isBehind(position, seen))
      throw new JournalWentBackError('the journal is behind what was seen of it');
}

/** A new epoch has begun. */
const isBeyond = ({ head, snapshot }: StatusNews, { epoch }: FeedWindow): boolean =>
  Math.max(head?.epoch ?? 0, snapshot?.epoch ?? 0) > epoch;
