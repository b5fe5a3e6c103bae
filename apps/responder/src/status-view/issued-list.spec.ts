import { ISSUED_SEAT_LENGTH } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import { IssuedList } from './issued-list.js';

const random = (fill: number): Uint8Array => new Uint8Array(8).fill(fill);

describe('IssuedList', () => {
  it('tells the issued serial number from a made-up one and from a seat that it knows nothing of', () => {
    const list = new IssuedList();
    const rows = new Uint8Array(2 * ISSUED_SEAT_LENGTH);
    new DataView(rows.buffer).setUint32(0, 70_000);
    rows.set(random(5), 4);
    new DataView(rows.buffer).setUint32(ISSUED_SEAT_LENGTH, 3);
    rows.set(random(6), ISSUED_SEAT_LENGTH + 4);
    list.addAll(rows);
    expect(list.has(70_000, random(5))).toBe(true);
    expect(list.has(70_000, Uint8Array.of(5, 5, 5, 5, 5, 5, 5, 4))).toBe(false);
    expect(list.has(3, random(6))).toBe(true);
    expect(list.has(4, random(6))).toBeUndefined();
    expect(list.has(1_048_575, random(6))).toBeUndefined();
  });
});
