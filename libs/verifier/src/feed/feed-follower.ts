import { type Applied, type SignerRecord, StatusListError, type StatusListErrorCode } from '@touchmark/status-list';

import { FeedError, type FeedErrorCode } from '../feed-error.js';
import type { Backoff } from './backoff.js';
import type { FeedItem } from './feed-items.js';
import { type FeedRequest, type FeedTls, followStream, poll } from './feed-request.js';

/** How news comes: as they happen, or by asking again and again where something between cannot pass a stream. */
export type FeedMode = 'stream' | 'poll';

/** Whoever judges what comes. */
export interface FeedConsumer {
  /** How much is known. */
  position(): { readonly epoch: number; readonly sequence: number } | undefined;
  /** Whether it was not known. Throws FeedError SIGNER_REFUSED. */
  signer(record: SignerRecord): boolean;
  /** Throws StatusListError or FeedError for what is refused. */
  message(message: Uint8Array): Applied;
  opened(mode: FeedMode): void;
  /** An attempt is over; the next follows by itself after so many seconds. */
  failed(mode: FeedMode, error: FeedError | StatusListError, retryIn: number): void;
  /** A signer or message was not taken. */
  refused(what: 'signer' | 'message', code: FeedErrorCode | StatusListErrorCode): void;
}

export interface FeedFollowerOptions {
  readonly url: URL;
  readonly tls: FeedTls;
  /** Seconds without a new head after which a stream is given up. */
  readonly silence: number;
  readonly backoff: Backoff;
  readonly consumer: FeedConsumer;
}

/** Streams in a row that brought no head before polling is tried. */
const STREAMS_BEFORE_POLL = 3;
/** Polls that went well before a stream is tried again. */
const POLLS_BEFORE_STREAM = 30;
/** A poll waits for news on the other side, ten seconds at most. */
const POLL_WAIT = 10;
/** Messages that say nothing new, and signers, between two that do: more is somebody keeping us busy. Long ones count more. */
const MAX_IDLE_ITEMS = 5000;
const OCTETS_OF_AN_ITEM = 2 ** 16;
/** Signers in one attempt that cost signature checks, whatever else comes: those refused, which a service has none of, and those taken. */
const MAX_REFUSED_SIGNERS = 16;
const MAX_NEW_SIGNERS = 512;

const NOTHING_NEW = new Set<string>(['ALREADY_APPLIED', 'STALE_HEAD', 'SEQUENCE_BACK', 'TIME_AHEAD']);

/** Keeps following one feed, whatever happens to it, until it is closed. */
export class FeedFollower {
  private readonly options: FeedFollowerOptions;
  private readonly closing = new AbortController();
  private readonly running: Promise<void>;
  private tls: FeedTls;
  private attempt = new AbortController();
  private mode: FeedMode = 'stream';
  private streamsInVain = 0;
  private polls = 0;
  private wantsSnapshot = false;

  constructor(options: FeedFollowerOptions) {
    this.options = options;
    this.tls = options.tls;
    this.running = this.run();
  }

  /** Goes on with another certificate: connects anew at once. */
  setTls(tls: FeedTls): void {
    this.tls = tls;
    this.attempt.abort(RESTART);
  }

  /** Connects anew at once and begins with a snapshot. */
  askForSnapshot(): void {
    this.wantsSnapshot = true;
    this.attempt.abort(RESTART);
  }

  async close(): Promise<void> {
    this.closing.abort(RESTART);
    this.attempt.abort(RESTART);
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const { mode } = this;
      this.attempt = new AbortController();
      const error = await this.follow(mode, this.attempt.signal);
      if (this.closing.signal.aborted) return;
      if (error !== undefined && error !== RESTART) await this.afterFailure(mode, error);
    }
  }

  /** One attempt; undefined for a poll that went well. */
  private async follow(mode: FeedMode, signal: AbortSignal): Promise<FeedError | StatusListError | undefined> {
    const { url, consumer } = this.options;
    const watch = new SilenceWatch(this.attempt, this.options.silence + (mode === 'poll' ? POLL_WAIT : 0));
    const items = new ItemTaker(consumer, () => {
      watch.heard();
      this.wentWell(mode);
    });
    const after = this.wantsSnapshot ? undefined : consumer.position();
    this.wantsSnapshot = false;
    const request: FeedRequest = {
      url,
      tls: this.tls,
      after,
      signal,
      take: (item) => items.take(item),
      onOpen: () => consumer.opened(mode),
    };
    try {
      if (mode === 'stream') await followStream(request);
      await poll(request);
      if (!items.heardHead) throw new FeedError('FEED_SILENT');
      await this.pauseUnless(items.news);
      return undefined;
    } catch (error) {
      if (!(error instanceof FeedError) && !(error instanceof StatusListError)) throw error;
      // What does not fit what is known may fit a snapshot: of a new epoch, behind a gap, from another responder.
      if (error instanceof StatusListError || error.code === 'SIGNER_REFUSED') this.wantsSnapshot = true;
      return error;
    } finally {
      watch.end();
    }
  }

  private wentWell(mode: FeedMode): void {
    this.options.backoff.reset();
    if (mode === 'stream') {
      this.streamsInVain = 0;
      return;
    }
    this.polls += 1;
    if (this.polls < POLLS_BEFORE_STREAM) return;
    this.mode = 'stream';
    this.streamsInVain = STREAMS_BEFORE_POLL - 1;
  }

  private async afterFailure(mode: FeedMode, error: FeedError | StatusListError): Promise<void> {
    const { backoff, consumer } = this.options;
    if (mode === 'stream') {
      this.streamsInVain += 1;
      if (this.streamsInVain >= STREAMS_BEFORE_POLL) this.mode = 'poll';
    } else {
      this.mode = 'stream';
      this.streamsInVain = STREAMS_BEFORE_POLL - 1;
    }
    this.polls = 0;
    const seconds = backoff.next(error instanceof FeedError ? error.retryAfter : undefined);
    consumer.failed(mode, error, seconds);
    await this.pause(seconds);
  }

  // Polls that answer at once must not become a busy loop.
  private async pauseUnless(news: boolean): Promise<void> {
    if (!news) await this.pause(this.options.silence / 6);
  }

  /** Ends early when the follower is closed or told to go on. */
  private async pause(seconds: number): Promise<void> {
    const { signal } = (this.attempt = new AbortController());
    if (this.closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

const RESTART = new FeedError('FEED_ENDED');

/** Ends an attempt that brings no new head for too long, however much else it brings. */
class SilenceWatch {
  private readonly timer: NodeJS.Timeout;

  constructor(attempt: AbortController, seconds: number) {
    this.timer = setTimeout(() => attempt.abort(new FeedError('FEED_SILENT')), seconds * 1000);
  }

  heard(): void {
    this.timer.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** Hands what one attempt brings to the consumer, and ends the attempt where going on makes no sense. */
class ItemTaker {
  /** Whether a head was taken, be it one of the same second as before. */
  heardHead = false;
  /** Whether more than a head came. */
  news = false;
  private readonly consumer: FeedConsumer;
  private readonly onHead: () => void;
  private idle = 0;
  private refusedSigners = 0;
  private newSigners = 0;
  private asOf = 0;

  /** `onHead` is called for heads that prove something younger than the last one, so a repeated one is silence. */
  constructor(consumer: FeedConsumer, onHead: () => void) {
    this.consumer = consumer;
    this.onHead = onHead;
  }

  take(item: FeedItem): void {
    this.idle += item.kind === 'signer' ? 1 : 1 + Math.floor(item.message.length / OCTETS_OF_AN_ITEM);
    if (this.idle > MAX_IDLE_ITEMS) throw new FeedError('FEED_TOO_LARGE');
    if (item.kind === 'signer') this.takeSigner(item.record);
    else this.takeMessage(item.message);
  }

  // One that is refused is not followed, and that is all unless there is no end to them: what it signs will not be taken either.
  private takeSigner(record: SignerRecord): void {
    try {
      if (this.consumer.signer(record)) this.newSigners += 1;
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      this.consumer.refused('signer', error.code);
      this.refusedSigners += 1;
      if (this.refusedSigners > MAX_REFUSED_SIGNERS) throw error;
    }
    if (this.newSigners > MAX_NEW_SIGNERS) throw new FeedError('FEED_TOO_LARGE');
  }

  private takeMessage(message: Uint8Array): void {
    try {
      const { type, position } = this.consumer.message(message);
      if (type === 'head') {
        this.heardHead = true;
        if (position.asOf <= this.asOf) return;
        this.asOf = position.asOf;
        this.onHead();
      } else {
        this.news = true;
      }
      this.idle = 0;
    } catch (error) {
      if (!(error instanceof StatusListError) && !(error instanceof FeedError)) throw error;
      if (error.code !== 'ALREADY_APPLIED' && error.code !== 'STALE_HEAD') this.consumer.refused('message', error.code);
      if (!NOTHING_NEW.has(error.code)) throw error;
    }
  }
}
