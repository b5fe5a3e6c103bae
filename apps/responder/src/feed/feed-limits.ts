import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { FeedRefusedError } from './feed-refused-error.js';

export interface FeedLimitsOptions {
  /** Streams and polls of all certificates at a time. */
  readonly streams: number;
  readonly streamsPerCertificate: number;
  readonly connectsPerMinute: number;
}

/** Counts who follows, so that neither one certificate nor all together take more than this process was set to give. */
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
  async countConnect(fingerprint: string): Promise<void> {
    try {
      await this.connects.consume(fingerprint);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new FeedRefusedError('CONNECTS_TOO_FREQUENT', {
        retryAfter: Math.max(1, Math.ceil(error.msBeforeNext / 1000)),
      });
    }
  }

  /** Takes a place until the answered function is called. Throws FeedRefusedError STREAMS_EXHAUSTED, FEED_FULL. */
  enter(fingerprint: string): () => void {
    const own = this.open.get(fingerprint) ?? 0;
    if (own >= this.options.streamsPerCertificate) throw new FeedRefusedError('STREAMS_EXHAUSTED');
    if (this.all >= this.options.streams) throw new FeedRefusedError('FEED_FULL');
    this.open.set(fingerprint, own + 1);
    this.all += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.all -= 1;
      const rest = (this.open.get(fingerprint) ?? 1) - 1;
      if (rest === 0) this.open.delete(fingerprint);
      else this.open.set(fingerprint, rest);
    };
  }
}
