import { hash } from 'node:crypto';

export interface BackoffOptions {
  /** Seconds before the second attempt, about, and between attempts at most. */
  readonly first: number;
  readonly longest: number;
  /** From 0 up to and without 1. */
  readonly random: () => number;
}

/** How long to wait before the next attempt: doubled each time, and spread, so that a thousand gateways do not come back at once. */
export class Backoff {
  private readonly options: BackoffOptions;
  private failures = 0;

  constructor(options: BackoffOptions) {
    this.options = options;
  }

  /** What was hoped for has happened. */
  reset(): void {
    this.failures = 0;
  }

  /** Seconds: between half and all of the current step, and no less than the server asked for. */
  next(retryAfter = 0): number {
    const { first, longest, random } = this.options;
    const step = Math.min(longest, first * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    return Math.max(step * (0.5 + random() / 2), retryAfter);
  }
}

/**
 * Numbers that differ from gateway to gateway without asking for randomness, which this library does not do: made from a text that
 * is each gateway's own. Good for spreading load, for nothing else.
 */
export function spreadBy(text: string): () => number {
  let count = 0;
  return () => {
    count += 1;
    return hash('sha256', `${count} ${text}`, 'buffer').readUInt32BE(0) / 2 ** 32;
  };
}
