import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusListError } from './errors.js';
import { MAX_BUCKET_END } from './fields.js';
import { NO_BATCH } from './hash.js';
import { LIST_SIZE, MAX_LIST_ID } from './seat.js';
import { SeatBitmap } from './seat-bitmap.js';
import type { SeatValue } from './seat-value.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot, type SnapshotList } from './snapshot.js';
import { bitmapOf, contentOf, fromHex, keyId, listOf } from './spec-content.js';
import { acceptedWrongly } from './spec-hostile.js';

const empty: Snapshot = { epoch: 1, sequence: 0, asOf: 0, batchHash: NO_BATCH, certificates: [], lists: [] };

const anyList = (maxLease: number) =>
  fc
    .record({
      listId: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: MAX_LIST_ID })),
      issuer: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom('open' as const, 'sealed' as const),
      bucketEnd: fc.integer({ min: 0, max: MAX_BUCKET_END }),
      leasedTo: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: maxLease })),
      seats: fc.array(fc.tuple(fc.nat(), fc.constantFrom<SeatValue>(0, 1, 2)), { maxLength: 60 }),
    })
    .map(({ listId, issuer, state, bucketEnd, leasedTo, seats }) => {
      const within = leasedTo === 0 ? [] : seats.map(([at, value]) => [at % leasedTo, value] as const);
      return { listId, issuerKeyId: keyId(issuer), state, bucketEnd, leasedTo, seats: bitmapOf(within) };
    });

const snapshots = (maxLease: number, maxLists: number) =>
  fc.record({
    epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
    sequence: fc.maxSafeNat(),
    asOf: fc.maxSafeNat(),
    batchHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    certificates: fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 6 }), { maxLength: 4, selector: String }),
    lists: fc.uniqueArray(anyList(maxLease), { maxLength: maxLists, selector: ({ listId }) => listId }),
  });

const anySnapshot = snapshots(LIST_SIZE, 5);

function encodeList(list: Partial<SnapshotList>): Uint8Array {
  return encodeSnapshot({ ...empty, lists: [{ ...listOf(1, []), ...list }] });
}

/** Octets of an encoded snapshot of one list, from its coding on. */
function seatsOf(leasedTo: number, seats: [number, SeatValue][]): string {
  const bytes = encodeList(listOf(1, seats, { leasedTo }));
  return Buffer.from(bytes.subarray(57 + 2 + 2 + 32 + 4 + 18)).toString('hex');
}

describe('encodeSnapshot', () => {
  it('any snapshot: read back as written', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(contentOf(decodeSnapshot(encodeSnapshot(snapshot)))).toEqual(contentOf(snapshot));
      }),
    );
  });

  it('lists and certificates in another order: the same octets', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const certificates = snapshot.certificates.toReversed();
        const other = { ...snapshot, certificates, lists: snapshot.lists.toReversed() };
        expect(encodeSnapshot(other)).toEqual(encodeSnapshot(snapshot));
      }),
    );
  });

  it('seats that became valid again: the same octets as if they had always been', () => {
    const seats = new SeatBitmap();
    seats.set(9_000, 2);
    seats.set(9_000, 0);
    expect(encodeList({ leasedTo: 9_001, seats })).toEqual(encodeList({ leasedTo: 9_001 }));
  });

  it.each([
    { name: 'nothing but valid seats: one octet', leasedTo: LIST_SIZE, seats: [], hex: '00' },
    { name: 'one seat of many: gaps', leasedTo: 400, seats: [[0, 1]], hex: '01 0000010000 000000' },
    { name: 'as long either way: gaps', leasedTo: 32, seats: [[0, 1]], hex: '01 0000010000 000000' },
    { name: 'an octet shorter raw: raw', leasedTo: 28, seats: [[27, 2]], hex: '02 00000000000080' },
  ] as { name: string; leasedTo: number; seats: [number, SeatValue][]; hex: string }[])('$name', (row) => {
    expect(seatsOf(row.leasedTo, row.seats)).toBe(row.hex.replaceAll(' ', ''));
  });

  it('a million seats, a share of them invalid at random: within five percent of their entropy', () => {
    for (const share of [0.001, 0.01, 0.05, 0.1]) {
      const seats = new SeatBitmap();
      // A fixed generator (MINSTD), so that the result does not depend on luck.
      let state = 1;
      let marked = 0;
      for (let index = 0; index < LIST_SIZE; index += 1) {
        state = (state * 48_271) % 2_147_483_647;
        if (state / 2_147_483_647 >= share) continue;
        seats.set(index, 1);
        marked += 1;
      }
      const p = marked / LIST_SIZE;
      const bound = ((-p * Math.log2(p) - (1 - p) * Math.log2(1 - p)) * LIST_SIZE) / 8;
      expect(encodeList({ leasedTo: LIST_SIZE, seats }).length / bound).toBeLessThan(1.05 + 120 / bound);
    }
  });

  it.each([
    { name: 'two lists of one id', change: { lists: [listOf(1, []), listOf(1, [])] } },
    { name: 'a list id beyond the last', change: { lists: [listOf(MAX_LIST_ID + 1, [])] } },
    { name: 'a certificate twice', change: { certificates: [Uint8Array.of(1), Uint8Array.of(1)] } },
    { name: 'an empty certificate', change: { certificates: [new Uint8Array()] } },
    { name: 'a certificate of 64 KiB', change: { certificates: [new Uint8Array(65_536)] } },
    { name: 'epoch zero', change: { epoch: 0 } },
    { name: 'a sequence beyond 2^53 - 1', change: { sequence: 2 ** 53 } },
    { name: 'a hash of another length', change: { batchHash: new Uint8Array(31) } },
    { name: 'a seat beyond the lease', change: { lists: [listOf(1, [[5, 1]], { leasedTo: 5 })] } },
    { name: 'a lease beyond the list', change: { lists: [listOf(1, [], { leasedTo: LIST_SIZE + 1 })] } },
    { name: 'an end beyond never', change: { lists: [listOf(1, [], { bucketEnd: MAX_BUCKET_END + 1 })] } },
  ])('$name: TypeError', ({ change }) => {
    expect(() => encodeSnapshot({ ...empty, ...change })).toThrow(TypeError);
  });
});

describe('decodeSnapshot', () => {
  const HEADER = 57;
  const two = encodeSnapshot({ ...empty, lists: [listOf(1, []), listOf(2, [], { issuerKeyId: keyId(2) })] });
  const withOctet = (at: number, value: number): Uint8Array => two.with(at, value);
  const firstList = HEADER + 2 + 2 + 64 + 4;

  it.each([
    { name: 'another magic', bytes: withOctet(3, 0x54), code: 'FORMAT_UNKNOWN' },
    { name: 'another version', bytes: withOctet(4, 2), code: 'FORMAT_UNKNOWN' },
    { name: 'epoch zero', bytes: withOctet(8, 0), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a sequence of 64 bits', bytes: withOctet(9, 0xff), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'lists that do not rise', bytes: withOctet(firstList + 3, 2), code: 'NOT_CANONICAL' },
    { name: 'a list id beyond the last', bytes: withOctet(firstList, 0x80), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'an issuing key that is not there', bytes: withOctet(firstList + 5, 2), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'an issuing key without a list', bytes: withOctet(firstList + 5, 1), code: 'NOT_CANONICAL' },
    { name: 'issuing keys that do not rise', bytes: withOctet(HEADER + 4, 9), code: 'NOT_CANONICAL' },
    { name: 'a third state', bytes: withOctet(firstList + 6, 2), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a bucket that ends after never', bytes: withOctet(firstList + 8, 1), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a lease beyond the list', bytes: withOctet(firstList + 15, 0x20), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a third coding', bytes: withOctet(firstList + 18, 3), code: 'VALUE_OUT_OF_RANGE' },
    { name: 'four billion lists', bytes: withOctet(firstList - 4, 0xff), code: 'TRUNCATED' },
  ])('$name: $code', ({ bytes, code }) => {
    expect(() => decodeSnapshot(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    { name: 'gaps where raw is shorter', leasedTo: 28, seats: '01 00000100fe 000000', code: 'NOT_CANONICAL' },
    { name: 'raw where gaps are shorter', leasedTo: 400, seats: `0201${'00'.repeat(99)}`, code: 'NOT_CANONICAL' },
    { name: 'raw where all are valid', leasedTo: 28, seats: `02${'00'.repeat(7)}`, code: 'NOT_CANONICAL' },
    { name: 'gaps where all are valid', leasedTo: 400, seats: '01 000000 000000', code: 'NOT_CANONICAL' },
    { name: 'a seat in both sets', leasedTo: 400, seats: '01 0000010000 0000010000', code: 'NOT_CANONICAL' },
    { name: 'a raw seat behind the lease', leasedTo: 26, seats: '02 01000000000010', code: 'NOT_CANONICAL' },
    { name: 'the reserved value', leasedTo: 28, seats: '02 00000000000003', code: 'VALUE_OUT_OF_RANGE' },
  ])('seats as $name: $code', ({ leasedTo, seats, code }) => {
    const valid = encodeList({ leasedTo });
    const bytes = Buffer.concat([valid.subarray(0, -1), fromHex(seats)]);
    expect(() => decodeSnapshot(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it('more leased seats than the reader allows: TOO_LARGE', () => {
    const bytes = encodeSnapshot({
      ...empty,
      lists: [listOf(1, [], { leasedTo: 60 }), listOf(2, [], { leasedTo: 41 })],
    });
    expect(decodeSnapshot(bytes, { maxSeats: 101 }).lists).toHaveLength(2);
    expect(() => decodeSnapshot(bytes, { maxSeats: 100 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('certificates are bytes of their own: they do not keep the snapshot in memory', () => {
    const [certificate] = decodeSnapshot(
      encodeSnapshot({ ...empty, certificates: [Uint8Array.of(1, 2)] }),
    ).certificates;
    expect(certificate?.buffer.byteLength).toBe(2);
  });

  it('any snapshot cut, extended or with a bit flipped: refused, or the only encoding of what it says now', () => {
    fc.assert(
      fc.property(snapshots(300, 3), (snapshot) => {
        const bytes = encodeSnapshot(snapshot);
        expect(acceptedWrongly(bytes, (hostile) => encodeSnapshot(decodeSnapshot(hostile)))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('random octets behind a good beginning: refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([encodeSnapshot(empty).subarray(0, HEADER), Uint8Array.of(0xff), noise]);
        expect(() => decodeSnapshot(bytes)).toThrow(StatusListError);
      }),
    );
  });
});
