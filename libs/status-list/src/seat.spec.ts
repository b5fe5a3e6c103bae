import { describe, expect, it } from 'vitest';
import { LIST_SIZE, MAX_LIST_ID, encodeSerialNumber, parseSerialNumber } from './seat.js';

const random = Uint8Array.of(0xff, 2, 3, 4, 5, 6, 7, 8);

describe('encodeSerialNumber', () => {
  it('lays out format, list, index and random big-endian', () => {
    const serialNumber = encodeSerialNumber({ listId: 0x01020304, index: 0x0a0b0c, random });
    expect(Buffer.from(serialNumber).toString('hex')).toBe('54010203040a0b0cff02030405060708');
  });

  it.each([
    { name: 'list id beyond 31 bits', listId: MAX_LIST_ID + 1, index: 0 },
    { name: 'negative list id', listId: -1, index: 0 },
    { name: 'index beyond the list', listId: 1, index: LIST_SIZE },
    { name: 'fractional index', listId: 1, index: 0.5 },
  ])('$name: TypeError', ({ listId, index }) => {
    expect(() => encodeSerialNumber({ listId, index, random })).toThrow(TypeError);
  });

  it('random of another length: TypeError', () => {
    expect(() => encodeSerialNumber({ listId: 1, index: 0, random: random.subarray(1) })).toThrow(TypeError);
  });
});

describe('parseSerialNumber', () => {
  it.each([
    { listId: 0, index: 0 },
    { listId: 7, index: 4095 },
    { listId: 0x40000000, index: LIST_SIZE - 1 },
    { listId: MAX_LIST_ID, index: 65_536 },
  ])('list $listId, index $index: read back as written', (seat) => {
    expect(parseSerialNumber(encodeSerialNumber({ ...seat, random }))).toEqual({ ...seat, random });
  });

  it.each([
    { name: 'another first octet', hex: '55000000010000010102030405060708' },
    { name: 'one octet short', hex: '540000000100000101020304050607' },
    { name: 'one octet long', hex: '5400000001000001010203040506070809' },
    { name: 'empty', hex: '' },
    { name: 'a list id that no list has', hex: '54800000010000010102030405060708' },
    { name: 'an index that no list has', hex: '54000000011000000102030405060708' },
  ])('$name: no seat', ({ hex }) => {
    expect(parseSerialNumber(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
