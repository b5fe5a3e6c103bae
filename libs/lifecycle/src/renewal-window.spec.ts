import { describe, expect, it } from 'vitest';
import { isRenewalWindowOpen, renewAfter } from './renewal-window.js';

describe('renewAfter', () => {
  it.each([
    { name: 'default: half of the lifetime', notBefore: 1000, notAfter: 3000, fraction: undefined, opensAt: 2000 },
    { name: 'odd lifetime: the next whole second', notBefore: 0, notAfter: 5, fraction: undefined, opensAt: 3 },
    { name: 'two thirds: as asked', notBefore: 0, notAfter: 90, fraction: 2 / 3, opensAt: 60 },
    { name: 'zero: at once', notBefore: 7, notAfter: 90, fraction: 0, opensAt: 7 },
    { name: 'one: at its end', notBefore: 7, notAfter: 90, fraction: 1, opensAt: 90 },
  ])('$name', ({ notBefore, notAfter, fraction, opensAt }) => {
    expect(renewAfter(notBefore, notAfter, fraction)).toBe(opensAt);
  });

  it('no well-defined end: the window never opens', () => {
    const opensAt = renewAfter(0, 253_402_300_799);
    expect(opensAt).toBeUndefined();
    expect(isRenewalWindowOpen(opensAt, 253_402_300_799)).toBe(false);
  });

  it('validity that runs backwards or a fraction outside 0 to 1: TypeError', () => {
    expect(() => renewAfter(2, 1)).toThrow(TypeError);
    expect(() => renewAfter(Number.NaN, 1)).toThrow(TypeError);
    expect(() => renewAfter(0, 1, 1.1)).toThrow(TypeError);
    expect(() => renewAfter(0, 1, Number.NaN)).toThrow(TypeError);
  });

  it('at the very second: open; one before: not', () => {
    expect(isRenewalWindowOpen(100, 100)).toBe(true);
    expect(isRenewalWindowOpen(100, 99)).toBe(false);
  });
});
