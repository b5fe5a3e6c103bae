import { deflateSync, inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusListError } from './errors.js';
import { LIST_SIZE } from './seat.js';
import type { SeatValue } from './seat-value.js';
import { bitmapOf } from './spec-content.js';
import { decodeTokenStatusList, encodeTokenStatusList } from './token-status-list.js';

describe('encodeTokenStatusList', () => {
  it('values in the order of draft-ietf-oauth-status-list section 4: low bits first', () => {
    const statuses: SeatValue[] = [1, 2, 0, 2, 0, 1, 0, 1, 1, 2, 0, 0];
    const seats = bitmapOf(statuses.map((value, index) => [index, value] as const));
    expect(inflateSync(encodeTokenStatusList(seats, 12)).toString('hex')).toBe('894409');
  });

  it('any seats: read back as written, and the size in whole octets', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: LIST_SIZE - 1 }), fc.constantFrom<SeatValue>(0, 1, 2));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100 }), fc.nat({ max: 100 }), (changes, more) => {
        const seats = bitmapOf(changes);
        const size = Math.min(LIST_SIZE, Math.max(0, ...changes.map(([index]) => index + 1)) + more);
        const decoded = decodeTokenStatusList(encodeTokenStatusList(seats, size));
        expect([...decoded.seats.nonValid()]).toEqual([...seats.nonValid()]);
        expect(decoded.size).toBe(Math.ceil(size / 4) * 4);
      }),
      { numRuns: 40 },
    );
  });

  it('a whole list of valid seats: under 300 octets', () => {
    expect(encodeTokenStatusList(bitmapOf([]), LIST_SIZE).length).toBeLessThan(300);
  });

  it.each([3, -1, 1.5, LIST_SIZE + 1])('size %s with seat 3 invalid: TypeError', (size) => {
    expect(() => encodeTokenStatusList(bitmapOf([[3, 1]]), size)).toThrow(TypeError);
  });
});

describe('decodeTokenStatusList', () => {
  it('the example of the draft with bits 2, which has the status type three: VALUE_OUT_OF_RANGE', () => {
    const lst = Buffer.from('eNo76fITAAPfAgc', 'base64url');
    expect(inflateSync(lst).toString('hex')).toBe('c944f9');
    expect(() => decodeTokenStatusList(lst)).toThrow(expect.objectContaining({ code: 'VALUE_OUT_OF_RANGE' }));
  });

  it('what Python makes of twelve values (zlib.compress, level 9): those values', () => {
    const { seats, size } = decodeTokenStatusList(Buffer.from('78da5be8c20900027700ef', 'hex'));
    expect(size).toBe(12);
    expect([...seats.nonValid()].map(({ index, value }) => [index, value])).toEqual([
      [0, 1],
      [2, 2],
      [3, 2],
      [5, 1],
      [7, 1],
      [8, 1],
      [9, 2],
    ]);
  });

  it('a bomb: TOO_LARGE, and a list of exactly the limit: read', () => {
    const bomb = deflateSync(new Uint8Array(64 * 2 ** 20), { level: 9 });
    expect(() => decodeTokenStatusList(bomb)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(decodeTokenStatusList(encodeTokenStatusList(bitmapOf([]), LIST_SIZE)).size).toBe(LIST_SIZE);
    const five = deflateSync(new Uint8Array(5));
    expect(() => decodeTokenStatusList(five, { maxSize: 16 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('cut anywhere, or with something behind it: DEFLATE_INVALID', () => {
    const lst = encodeTokenStatusList(bitmapOf([[1_000, 1]]), 4_096);
    const invalid = expect.objectContaining({ code: 'DEFLATE_INVALID' });
    for (let length = 0; length < lst.length; length += 1) {
      expect(() => decodeTokenStatusList(lst.subarray(0, length))).toThrow(invalid);
    }
    expect(() => decodeTokenStatusList(Uint8Array.of(...lst, 0))).toThrow(invalid);
  });

  it('random octets: refused by a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        for (const bytes of [noise, Uint8Array.of(0x78, 0xda, ...noise)]) {
          expect(() => decodeTokenStatusList(bytes)).toThrow(StatusListError);
        }
      }),
    );
  });
});
