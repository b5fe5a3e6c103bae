import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIST_SIZE } from './seat.js';
import { SeatBitmap } from './seat-bitmap.js';
import { SeatValue, seatValueName } from './seat-value.js';

describe('SeatBitmap', () => {
  it('nothing set: every seat valid, no octet held', () => {
    const bitmap = new SeatBitmap();
    expect(bitmap.get(0)).toBe(SeatValue.valid);
    expect(bitmap.get(LIST_SIZE - 1)).toBe(SeatValue.valid);
    bitmap.set(LIST_SIZE - 1, SeatValue.valid);
    expect(bitmap.byteLength).toBe(0);
  });

  it('last seat set: 256 KiB held', () => {
    const bitmap = new SeatBitmap();
    bitmap.set(LIST_SIZE - 1, SeatValue.suspended);
    expect(bitmap.byteLength).toBe(256 * 1024);
    expect([...bitmap.nonValid()]).toEqual([{ index: LIST_SIZE - 1, value: SeatValue.suspended }]);
  });

  it('any sequence of changes: reads and iterates like a map of the last values', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.constantFrom<SeatValue>(0, 1, 2));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const bitmap = new SeatBitmap();
        const model = new Map<number, SeatValue>();
        for (const [index, value] of changes) {
          bitmap.set(index, value);
          model.set(index, value);
        }
        for (const [index, value] of model) expect(bitmap.get(index)).toBe(value);
        const expected = [...model].filter(([, value]) => value !== SeatValue.valid).toSorted(([a], [b]) => a - b);
        expect([...bitmap.nonValid()].map(({ index, value }) => [index, value])).toEqual(expected);
      }),
    );
  });

  it.each([-1, LIST_SIZE, 1.5, Number.NaN])('index %s: TypeError', (index) => {
    const bitmap = new SeatBitmap();
    expect(() => bitmap.get(index)).toThrow(TypeError);
    expect(() => bitmap.set(index, SeatValue.invalid)).toThrow(TypeError);
  });

  it('the reserved value three: TypeError', () => {
    // @ts-expect-error three is no seat value
    expect(() => new SeatBitmap().set(0, 3)).toThrow(TypeError);
  });

  it('each value has the name of its constant', () => {
    for (const [name, value] of Object.entries(SeatValue)) expect(seatValueName(value)).toBe(name);
  });

  it('octets of a bitmap: the same bitmap, independent of the octets', () => {
    const octets = Uint8Array.of(0b01_00_10_00, 0, 0x80);
    const bitmap = SeatBitmap.fromOctets(octets);
    octets.fill(0);
    expect([...bitmap.nonValid()].map(({ index, value }) => [index, value])).toEqual([
      [1, SeatValue.suspended],
      [3, SeatValue.invalid],
      [11, SeatValue.suspended],
    ]);
    expect([...bitmap.toOctets(12)]).toEqual([0b01_00_10_00, 0, 0x80]);
    expect([...bitmap.toOctets(17)]).toEqual([0b01_00_10_00, 0, 0x80, 0, 0]);
    expect(() => bitmap.toOctets(11)).toThrow(TypeError);
  });

  it('octets with the reserved value, or more than a list has: refused', () => {
    const reserved = expect.objectContaining({ code: 'VALUE_OUT_OF_RANGE', context: { offset: 1, field: 'seat' } });
    expect(() => SeatBitmap.fromOctets(Uint8Array.of(0b10_01_10_01, 0b00_11_00_00))).toThrow(reserved);
    expect(() => SeatBitmap.fromOctets(new Uint8Array(LIST_SIZE / 4 + 1))).toThrow(TypeError);
  });
});
