import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Policy, Route } from '../policy/policy.js';
import type { Rate } from '../policy/policy-file.js';

interface Limit {
  readonly rate: Rate;
  readonly limiter: RateLimiterMemory;
}

/** No route has it. */
const OVERALL = '';

/** How often a device may come, by the policy: over all routes, and by route. In this process's memory. */
export class RateLimits {
  private readonly limits = new Map<string, Limit>();

  /** What devices used up of rates `before` counts on where the same route has the same rate. */
  constructor(policy: Pick<Policy, 'rate' | 'routes'>, before?: RateLimits) {
    for (const { name, rate } of [{ name: OVERALL, rate: policy.rate }, ...policy.routes]) {
      if (rate === undefined) continue;
      const kept = before?.limits.get(name);
      this.limits.set(name, kept !== undefined && isSame(kept.rate, rate) ? kept : { rate, limiter: limiterFor(rate) });
    }
  }

  /** Counts one request; seconds to wait where it is one too many. */
  async consume({ name }: Pick<Route, 'name'>, device: string): Promise<number | undefined> {
    for (const limit of [this.limits.get(name), this.limits.get(OVERALL)]) {
      const wait = limit && (await take(limit.limiter, device));
      if (wait !== undefined) return wait;
    }
    return undefined;
  }
}

const isSame = (one: Rate, other: Rate): boolean => one.requests === other.requests && one.seconds === other.seconds;

const limiterFor = ({ requests, seconds }: Rate): RateLimiterMemory =>
  new RateLimiterMemory({ points: requests, duration: seconds });

async function take(limiter: RateLimiterMemory, device: string): Promise<number | undefined> {
  try {
    await limiter.consume(device);
    return undefined;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
  }
}
