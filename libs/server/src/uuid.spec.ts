import { describe, expect, it } from 'vitest';
import { randomUuid, timeOrderedUuid } from './uuid.js';

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const ones = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);

describe('randomUuid', () => {
  it('has version 4, the RFC 9562 variant and randomness everywhere else', () => {
    expect(randomUuid(zeros)).toBe('00000000-0000-4000-8000-000000000000');
    expect(randomUuid(ones)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });

  it('leaves the octets that it was given as they are', () => {
    const given = new Uint8Array(16);
    randomUuid(() => given);
    expect(given).toEqual(new Uint8Array(16));
  });
});

describe('timeOrderedUuid', () => {
  it('has version 7, the RFC 9562 variant and the time in its first 48 bits', () => {
    // RFC 9562 appendix A.6: 1645557742 s is 0x017F22E279B0 ms
    expect(timeOrderedUuid(1_645_557_742, zeros)).toBe('017f22e2-79b0-7000-8000-000000000000');
    expect(timeOrderedUuid(1_645_557_742, ones)).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff');
  });

  it('sorts later seconds after earlier ones', () => {
    expect(timeOrderedUuid(1_900_000_001, zeros) > timeOrderedUuid(1_900_000_000, ones)).toBe(true);
  });
});
