import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Policy, Route } from '../policy/policy.js';
import type { Rate } from '../policy/policy-file.js';

/** How often a device may come, by the policy: over all routes, and by route. In this process's memory. */
export class RateLimits {
  private readonly overall: RateLimiterMemory | undefined;
  private readonly byRoute: ReadonlyMap<Route, RateLimiterMemory>;

  constructor(policy: Policy) {
    this.overall = policy.rate && limiterFor(policy.rate, '');
    this.byRoute = new Map(
      policy.routes.flatMap((route) => (route.rate ? [[route, limiterFor(route.rate, route.name)] as const] : [])),
    );
  }

  /** Counts one request; seconds to wait where it is one too many. */
  async consume(route: Route, device: string): Promise<number | undefined> {
    for (const limiter of [this.byRoute.get(route), this.overall]) {
      const wait = limiter && (await take(limiter, device));
      if (wait !== undefined) return wait;
    }
    return undefined;
  }
}

const limiterFor = ({ requests, seconds }: Rate, keyPrefix: string): RateLimiterMemory =>
  new RateLimiterMemory({ points: requests, duration: seconds, keyPrefix });

async function take(limiter: RateLimiterMemory, device: string): Promise<number | undefined> {
  try {
    await limiter.consume(device);
    return undefined;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
  }
}
