import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { FeedRefusedError } from './feed-refused-error.js';

export interface FeedLimitsOptions {
  /** Streams and polls of all at a time. */
  readonly streams: number;
  readonly streamsPerGateway: number;
  readonly connectsPerMinute: number;
}

/**
 * Counts who follows, so that neither one gateway nor all together take more than this process was set to give. A gateway is what
 * `identityKey` says, for it may have any number of certificates.
 */
export class FeedLimits {
  private readonly options: FeedLimitsOptions;
  private readonly connects: RateLimiterMemory;
  private readonly open = new Map<string, number>();
  private all = 0;

  constructor(options: FeedLimitsOptions) {
    this.options = options;
    this.connects = new RateLimiterMemory({ points: options.connectsPerMinute, duration: 60 });
  }

  /** How many follow. */
  get size(): number {
    return this.all;
  }

  /** Throws FeedRefusedError CONNECTS_TOO_FREQUENT, with the seconds until the next connect is taken. */
  async countConnect(identityKey: string): Promise<void> {
    try {
      await this.connects.consume(identityKey);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new FeedRefusedError('CONNECTS_TOO_FREQUENT', {
        retryAfter: Math.max(1, Math.ceil(error.msBeforeNext / 1000)),
      });
    }
  }

  /** Takes a place until the answered function is called. Throws FeedRefusedError STREAMS_EXHAUSTED, FEED_FULL. */
  enter(identityKey: string): () => void {
    const own = this.open.get(identityKey) ?? 0;
    if (own >= this.options.streamsPerGateway) throw new FeedRefusedError('STREAMS_EXHAUSTED');
    if (this.all >= this.options.streams) throw new FeedRefusedError('FEED_FULL');
    this.open.set(identityKey, own + 1);
    this.all += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.all -= 1;
      const rest = (this.open.get(identityKey) ?? 1) - 1;
      if (rest === 0) this.open.delete(identityKey);
      else this.open.set(identityKey, rest);
    };
  }
}
