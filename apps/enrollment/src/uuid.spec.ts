import { describe, expect, it } from 'vitest';
import { newUuid, oidOfUuid } from './uuid.js';

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const ones = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);

describe('newUuid', () => {
  it('has version 7, the RFC 9562 variant and the time in its first 48 bits', () => {
    // RFC 9562 appendix A.6: 1645557742 s is 0x017F22E279B0 ms
    expect(newUuid(1_645_557_742, zeros)).toBe('017f22e2-79b0-7000-8000-000000000000');
    expect(newUuid(1_645_557_742, ones)).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff');
  });

  it('sorts later seconds after earlier ones', () => {
    expect(newUuid(1_900_000_001, zeros) > newUuid(1_900_000_000, ones)).toBe(true);
  });
});

describe('oidOfUuid', () => {
  it('writes the UUID as one decimal arc under 2.25', () => {
    // the example of Rec. ITU-T X.667 clause 8
    expect(oidOfUuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6')).toBe('2.25.329800735698586629295641978511506172918');
  });
});
