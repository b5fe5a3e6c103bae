import { type Applied, StatusListError } from '@touchmark/status-list';

import { StatusCache } from '../cache/status-cache.js';
import { Backoff, spreadBy } from '../feed/backoff.js';
import { FeedFollower } from '../feed/feed-follower.js';
import { feedUrl, type FeedTls } from '../feed/feed-request.js';
import type { VerifierEvent } from '../verifier-event.js';
import type { CompleteOptions } from '../verifier-options.js';
import type { StatusState } from './status-state.js';

/** Heads without which a stream is given up. */
const SILENT_HEADS = 3;
/** Heads are written so often that a restart makes knowledge older by a tenth of what is allowed. */
const HEADS_WRITTEN_PER_AGE = 10;

/** A snapshot that is refused for no more than this may still say the same in fewer octets. */
const NO_YOUNGER = new Set<string>(['SEQUENCE_BACK', 'ALREADY_APPLIED']);

export interface StatusKeeperOptions {
  readonly status: CompleteOptions['status'];
  readonly state: StatusState;
  readonly now: () => number;
  readonly onApplied: (applied: Applied) => void;
  readonly onEvent: (event: VerifierEvent) => void;
}

/** Brings news from the cache folder and from the feed to the state, and from the feed to the cache folder. */
export class StatusKeeper {
  private readonly options: StatusKeeperOptions;
  private readonly cache: StatusCache;
  private follower: FeedFollower | undefined;
  private firstAnswer: () => void = () => undefined;

  constructor(options: StatusKeeperOptions) {
    this.options = options;
    const { status, state, onEvent } = options;
    this.cache = new StatusCache({
      folder: status.cacheDir,
      writer: nextWriter(),
      headInterval: status.maxAge / HEADS_WRITTEN_PER_AGE,
      retryAfter: status.cacheRetry,
      onTrouble: (error) =>
        onEvent(error === undefined ? { type: 'cache-recovered' } : { type: 'cache-failed', code: error.code, error }),
      signerOf: (keyId) => state.signerRecord(keyId),
      proves: (messages) => state.isProvenBy(messages),
      onGrown: () => this.follower?.askForSnapshot(),
    });
  }

  /** Resolves when there is something to go by: at once with a young cache, else after the first head or the first failure. */
  async start(): Promise<void> {
    const { state, status } = this.options;
    await this.cache.load({
      signer: (record) => void state.addSigner(record),
      message: (message) => this.applied(state.applyKept(message)),
    });
    const answered = new Promise<void>((resolve) => {
      this.firstAnswer = resolve;
    });
    this.follower = this.follow();
    if (!this.isUsable(status.whenStale)) await answered;
  }

  setTls(tls: FeedTls): void {
    this.follower?.setTls(tls);
  }

  async close(): Promise<void> {
    await this.follower?.close();
    await this.cache.close();
  }

  private isUsable(whenStale: 'deny' | 'allow'): boolean {
    const { state, now } = this.options;
    return whenStale === 'allow' ? state.position !== undefined : !state.isStale(now());
  }

  private follow(): FeedFollower {
    const { status, state, onEvent } = this.options;
    const { url, tls } = status.source;
    const random = status.random ?? spreadBy(tls.cert);
    return new FeedFollower({
      url: feedUrl(url),
      tls,
      silence: status.headInterval * SILENT_HEADS,
      backoff: new Backoff({ ...status.retry, random }),
      consumer: {
        position: () => state.position,
        signer: (record) => state.addSigner(record),
        message: (message) => this.news(message),
        opened: (mode) => onEvent({ type: 'connected', mode }),
        failed: (mode, error, retryIn) => {
          onEvent({ type: 'disconnected', mode, code: error.code, error, retryIn });
          this.firstAnswer();
        },
        refused: (what, code) => onEvent({ type: 'refused', what, code }),
      },
    });
  }

  private news(message: Uint8Array): Applied {
    const { state, now } = this.options;
    try {
      const applied = this.applied(state.apply(message));
      this.cache.message(applied, message);
      if (!state.isStale(now())) this.firstAnswer();
      return applied;
    } catch (error) {
      if (error instanceof StatusListError && NO_YOUNGER.has(error.code)) this.cache.olderSnapshot(message);
      throw error;
    }
  }

  private applied(applied: Applied): Applied {
    this.options.onApplied(applied);
    return applied;
  }
}

let writers = 0;

// Two verifiers on one folder, in one process or in two, must not meet in a temporary file.
function nextWriter(): string {
  writers += 1;
  return `${process.pid}-${writers}`;
}
