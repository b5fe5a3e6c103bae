import { describe, expect, it } from 'vitest';
import { ResponseCache } from './response-cache.js';

describe('ResponseCache', () => {
  it('keeps what is asked for and drops the rest, within its size', () => {
    const cache = new ResponseCache<number>(8);
    cache.set('asked for', 1);
    for (let i = 0; i < 100; i++) {
      cache.set(`passing ${i}`, i);
      expect(cache.get('asked for')).toBe(1);
    }
    const left = Array.from({ length: 100 }, (_, i) => cache.get(`passing ${i}`)).filter(
      (value) => value !== undefined,
    );
    expect(left.length).toBeLessThan(8);
  });

  it('of size 0 keeps nothing', () => {
    const cache = new ResponseCache<number>(0);
    cache.set('a', 1);
    expect(cache.get('a')).toBeUndefined();
  });
});
