import { describe, expect, it } from 'vitest';
import { FeedLimits } from './feed-limits.js';

const limits = (more: object = {}): FeedLimits =>
  new FeedLimits({ streams: 3, streamsPerGateway: 2, connectsPerMinute: 2, ...more });

describe('FeedLimits', () => {
  it('gives one gateway so many places and no more until it leaves one', () => {
    const one = limits();
    const leave = one.enter('a');
    one.enter('a');
    expect(() => one.enter('a')).toThrow(expect.objectContaining({ code: 'STREAMS_EXHAUSTED' }));
    one.enter('b');
    expect(one.size).toBe(3);
    leave();
    leave();
    expect(one.size).toBe(2);
    one.enter('a');
    expect(() => one.enter('c')).toThrow(expect.objectContaining({ code: 'FEED_FULL' }));
  });

  it('takes so many connects of one gateway in a minute, and says when to come again', async () => {
    const one = limits();
    await one.countConnect('a');
    await one.countConnect('a');
    await expect(one.countConnect('a')).rejects.toMatchObject({ code: 'CONNECTS_TOO_FREQUENT' });
    const error: unknown = await one.countConnect('a').catch((refused: unknown) => refused);
    expect(error).toMatchObject({ retryAfter: expect.closeTo(60, -1) });
    await one.countConnect('b');
  });
});
