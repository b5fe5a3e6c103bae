import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../policy/parse-policy.js';
import { RateLimits } from './rate-limits.js';

const policy = (overall: number, ofA: number) =>
  parsePolicy(
    `realm: a.local
rate: { requests: ${overall}, seconds: 600 }
routes:
  - { name: a, path: /a, methods: [GET], allow: [{ model: m }], rate: { requests: ${ofA}, seconds: 600 } }
  - { name: b, path: /b, methods: [GET], allow: [{ model: m }] }`,
    'policy.yaml',
  );
const isRefused = async (limits: RateLimits, name: string): Promise<boolean> =>
  (await limits.consume({ name }, 'device')) !== undefined;

describe('RateLimits', () => {
  it('counts by route and over all', async () => {
    const limits = new RateLimits(policy(3, 1));
    expect(await isRefused(limits, 'a')).toBe(false);
    expect(await limits.consume({ name: 'a' }, 'device')).toBeGreaterThan(0);
    expect(await limits.consume({ name: 'a' }, 'another')).toBeUndefined();
    expect(await isRefused(limits, 'b')).toBe(false);
    expect(await isRefused(limits, 'b')).toBe(false);
    expect(await isRefused(limits, 'b')).toBe(true);
  });

  it('counts on through another policy where a rate is the same, and anew where it is not', async () => {
    const before = new RateLimits(policy(100, 1));
    expect(await isRefused(before, 'a')).toBe(false);
    const same = new RateLimits(policy(50, 1), before);
    expect(await isRefused(same, 'a')).toBe(true);
    const wider = new RateLimits(policy(50, 2), same);
    expect(await isRefused(wider, 'a')).toBe(false);
  });
});
