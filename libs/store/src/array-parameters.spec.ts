import { describe, expect, it } from 'vitest';
import { bigintArray, booleanArray, byteaArray, integerArray, textArray, uuidArray } from './array-parameters.js';

/** Hexadecimal digits, in groups for the reader. */
const grouped = (digits: string): string => digits.replaceAll(' ', '');
const hex = (array: Buffer): string => array.toString('hex');
/** Without the frame: what each element is written as, its length before it. */
const elements = (array: Buffer): string => hex(array.subarray(20));

// test/array-parameters.spec.ts has them read by a server
describe('an array parameter', () => {
  it('of numbers has 4 or 8 octets for each, and a length of -1 for null', () => {
    expect(elements(integerArray([1, null, -5]))).toBe(grouped('00000004 00000001 ffffffff 00000004 fffffffb'));
    expect(elements(bigintArray([253_402_300_799]))).toBe(grouped('00000008 0000003afff4417f'));
  });

  it('of text counts octets and not characters', () => {
    expect(elements(textArray(['', 'ß']))).toBe(grouped('00000000 00000002 c39f'));
  });

  it('of no elements has no dimension', () => {
    expect(hex(byteaArray([]))).toBe('000000000000000000000011');
  });

  it('of octet strings copies them', () => {
    const array = byteaArray([Uint8Array.of(0x5c, 0), new Uint8Array()]);
    expect(hex(array.subarray(0, 20))).toBe(grouped('00000001 00000000 00000011 00000002 00000001'));
    expect(elements(array)).toBe(grouped('00000002 5c00 00000000'));
  });

  it('of booleans has an octet for each', () => {
    expect(elements(booleanArray([true, false, null]))).toBe(grouped('00000001 01 00000001 00 ffffffff'));
  });

  it('of UUIDs has 16 octets for each', () => {
    const id = '018f0000-0000-7000-8000-00000000000A';
    expect(elements(uuidArray([id]))).toBe(grouped('00000010 018f000000007000800000000000000a'));
  });

  it.each(['', '018f0000-0000-7000-8000-00000000000', '018f0000-0000-7000-8000-00000000000g', 'x'.repeat(36)])(
    'refuses %j as a UUID',
    (value) => {
      expect(() => uuidArray([value])).toThrow(TypeError);
    },
  );

  it('refuses a number that does not fit', () => {
    expect(() => integerArray([2 ** 31])).toThrow(RangeError);
    expect(() => bigintArray([0.5])).toThrow(RangeError);
  });
});
