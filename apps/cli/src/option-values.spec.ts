import { describe, expect, it } from 'vitest';
import { duration, time, wholeNumber } from './option-values.js';

describe('option values', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['30d', 2_592_000],
  ])('the duration %s is %i seconds', (text, seconds) => {
    expect(duration(text)).toBe(seconds);
  });

  it.each(['', '0s', '30', '30w', '-1d', '1.5h', ' 1h', '9999999999d'])('“%s” is no duration', (text) => {
    expect(() => duration(text)).toThrow();
  });

  it.each([
    ['1796083200', 1_796_083_200],
    ['2026-12-01', 1_796_083_200],
    ['2026-12-01T00:00:00Z', 1_796_083_200],
    ['2026-12-01T01:00:00.500+01:00', 1_796_083_200],
  ])('the time %s is %i', (text, seconds) => {
    expect(time(text)).toBe(seconds);
  });

  it.each(['', 'tomorrow', '2026-12-01T00:00:00', '01.12.2026', '2026-13-01', '-1', 'NaN'])(
    '“%s” is no time',
    (text) => {
      expect(() => time(text)).toThrow();
    },
  );

  it('a whole number keeps its bounds', () => {
    expect(wholeNumber(1, 10)('10')).toBe(10);
    for (const text of ['0', '11', '1e1', '0x5', '', '5.0']) expect(() => wholeNumber(1, 10)(text)).toThrow();
  });
});
