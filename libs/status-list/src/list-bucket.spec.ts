import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_WELL_DEFINED_EXPIRATION, bucketEnd, bucketOf } from './list-bucket.js';

const DAY = 86_400;
const at = (text: string): number => Date.parse(text) / 1000;

describe('bucketOf', () => {
  it.each([
    { name: 'seven days', days: 7, notAfter: '2026-11-22T23:59:59Z', bucket: '2026-11-22' },
    { name: 'exactly ten days', days: 10, notAfter: '2026-11-22T00:00:00Z', bucket: '2026-11-22' },
    { name: 'thirty days', days: 30, notAfter: '2026-11-22T12:00:00Z', bucket: '2026-W47' },
    { name: 'exactly a hundred days', days: 100, notAfter: '2026-11-23T00:00:00Z', bucket: '2026-W48' },
    { name: 'a year', days: 365, notAfter: '2026-11-30T23:59:59Z', bucket: '2026-11' },
    { name: 'a week of the next ISO year', days: 30, notAfter: '2024-12-30T00:00:00Z', bucket: '2025-W01' },
    { name: 'a week of the ISO year before', days: 30, notAfter: '2027-01-03T23:59:59Z', bucket: '2026-W53' },
  ])('$name ending $notAfter: $bucket', ({ days, notAfter, bucket }) => {
    expect(bucketOf(at(notAfter) - days * DAY, at(notAfter))).toBe(bucket);
  });

  it('one second over ten days: a week', () => {
    expect(bucketOf(at('2026-11-12T00:00:00Z') - 1, at('2026-11-22T00:00:00Z'))).toBe('2026-W47');
  });

  it('99991231235959Z: never', () => {
    expect(bucketOf(0, NO_WELL_DEFINED_EXPIRATION)).toBe('never');
    expect(at('9999-12-31T23:59:59Z')).toBe(NO_WELL_DEFINED_EXPIRATION);
  });

  it.each([
    [10, 9],
    [0.5, 9],
    [0, Number.NaN],
  ])('notBefore %s, notAfter %s: TypeError', (notBefore, notAfter) => {
    expect(() => bucketOf(notBefore, notAfter)).toThrow(TypeError);
  });

  it('weeks are numbered as the date command numbers them', () => {
    const days = Array.from({ length: 60 }, (_, i) => at('2020-12-20T00:00:00Z') + i * 37 * DAY);
    const input = days.map((seconds) => `@${seconds}`).join('\n');
    const expected = execFileSync('date', ['-u', '-f', '-', '+%G-W%V'], { input, encoding: 'utf8' }).trim().split('\n');
    expect(days.map((notAfter) => bucketOf(notAfter - 30 * DAY, notAfter))).toEqual(expected);
  });
});

describe('bucketEnd', () => {
  it.each([
    ['2026-12-31', '2027-01-01T00:00:00Z'],
    ['2024-02-29', '2024-03-01T00:00:00Z'],
    ['2026-W53', '2027-01-04T00:00:00Z'],
    ['2026-12', '2027-01-01T00:00:00Z'],
  ])('%s: %s', (bucket, end) => {
    expect(bucketEnd(bucket)).toBe(at(end));
  });

  it('never: no end', () => {
    expect(bucketEnd('never')).toBeUndefined();
  });

  it.each(['', 'Never', '2026', '2026-13', '2026-00', '2026-02-30', '2025-W53', '2026-W00', '2026-11-22T00', '26-11'])(
    '%j: TypeError',
    (bucket) => {
      expect(() => bucketEnd(bucket)).toThrow(TypeError);
    },
  );

  it('any validity: notAfter lies in its bucket, and the next second after the bucket does not', () => {
    const validity = fc.tuple(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 400 * DAY }));
    fc.assert(
      fc.property(validity, ([notBefore, lifetime]) => {
        const notAfter = notBefore + lifetime;
        const bucket = bucketOf(notBefore, notAfter);
        const end = bucketEnd(bucket) ?? Number.NaN;
        expect(notAfter).toBeLessThan(end);
        expect(bucketOf(end - 1 - lifetime, end - 1)).toBe(bucket);
        expect(bucketOf(end - lifetime, end)).not.toBe(bucket);
      }),
    );
  });
});
