import { describe, expect, it } from 'vitest';

import { Backoff, spreadBy } from './backoff.js';

describe('Backoff', () => {
  it('doubles up to the longest, from half to all of it', () => {
    const most = new Backoff({ first: 1, longest: 5, random: () => 1 });
    expect([1, 2, 3, 4].map(() => most.next())).toEqual([1, 2, 4, 5]);
    const least = new Backoff({ first: 1, longest: 5, random: () => 0 });
    expect([1, 2, 3, 4].map(() => least.next())).toEqual([0.5, 1, 2, 2.5]);
  });

  it('begins anew after a reset, and is no shorter than the server asked for', () => {
    const backoff = new Backoff({ first: 1, longest: 5, random: () => 1 });
    expect([backoff.next(), backoff.next()]).toEqual([1, 2]);
    backoff.reset();
    expect([backoff.next(), backoff.next(60)]).toEqual([1, 60]);
  });

  it('is longest for ever, however many failures', () => {
    const backoff = new Backoff({ first: 1, longest: 5, random: () => 1 });
    expect(Array.from({ length: 2000 }, () => backoff.next()).at(-1)).toBe(5);
  });
});

function draw(text: string): number[] {
  const random = spreadBy(text);
  return Array.from({ length: 1000 }, () => random());
}

it('spreadBy: numbers from 0 to 1, the same for the same gateway, others for others', () => {
  expect(draw('a')).toEqual(draw('a'));
  expect(draw('a')).not.toEqual(draw('b'));
  expect(draw('a').every((n) => n >= 0 && n < 1)).toBe(true);
  const mean = draw('a').reduce((sum, n) => sum + n) / 1000;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
