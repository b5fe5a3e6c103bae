import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BUCKET_END } from './fields.js';
import { NO_BATCH } from './hash.js';
import { decodeJournalBatch, encodeJournalBatch, type JournalBatch, type JournalEntry } from './journal-batch.js';
import { decodeJournalHead, encodeJournalHead } from './journal-head.js';
import { LIST_SIZE, MAX_LIST_ID } from './seat.js';
import type { SeatValue } from './seat-value.js';
import { fromHex, keyId } from './spec-content.js';
import { acceptedWrongly } from './spec-hostile.js';

const listId = fc.integer({ min: 0, max: MAX_LIST_ID });
const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anySeat = fc.record({
  index: fc.integer({ min: 0, max: LIST_SIZE - 1 }),
  value: fc.constantFrom<SeatValue>(0, 1, 2),
});
const anyEntry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({
    kind: fc.constant('list-opened' as const),
    listId,
    issuerKeyId: anyHash,
    bucketEnd: fc.integer({ min: 0, max: MAX_BUCKET_END }),
  }),
  fc.record({ kind: fc.constant('block-leased' as const), listId, leasedTo: fc.integer({ min: 1, max: LIST_SIZE }) }),
  fc.record({ kind: fc.constantFrom('list-sealed' as const, 'list-retired' as const), listId }),
  fc.record({
    kind: fc.constant('seats' as const),
    listId,
    seats: fc.uniqueArray(anySeat, { minLength: 1, maxLength: 8, selector: ({ index }) => index }),
  }),
);
const anyBatch: fc.Arbitrary<JournalBatch> = fc.record({
  epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
  first: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 }),
  previousHash: anyHash,
  entries: fc.array(anyEntry, { minLength: 1, maxLength: 6 }),
});

const batch: JournalBatch = {
  epoch: 1,
  first: 1,
  previousHash: NO_BATCH,
  entries: [{ kind: 'seats', listId: 1, seats: [{ index: 1, value: 1 }] }],
};
const seatsEntry = (...seats: [number, SeatValue][]): JournalEntry[] => [
  { kind: 'seats', listId: 1, seats: seats.map(([index, value]) => ({ index, value })) },
];

describe('encodeJournalBatch', () => {
  it('any batch: read back as written, seats by rising index', () => {
    fc.assert(
      fc.property(anyBatch, (one) => {
        const entries = one.entries.map((entry) =>
          entry.kind === 'seats' ? { ...entry, seats: entry.seats.toSorted((a, b) => a.index - b.index) } : entry,
        );
        expect(decodeJournalBatch(encodeJournalBatch(one))).toEqual({ ...one, entries });
      }),
    );
  });

  it('all seats of a list in one entry: fits', () => {
    const seats = Array.from({ length: LIST_SIZE }, (_, index) => ({ index, value: 1 as const }));
    const bytes = encodeJournalBatch({ ...batch, entries: [{ kind: 'seats', listId: 1, seats }] });
    expect(decodeJournalBatch(bytes).entries).toHaveLength(1);
    const entries: JournalEntry[] = [1, 2].map((id) => ({ kind: 'seats', listId: id, seats }));
    expect(() => encodeJournalBatch({ ...batch, entries })).toThrow(TypeError);
  });

  it.each([
    { name: 'no entry', change: { entries: [] } },
    { name: 'epoch zero', change: { epoch: 0 } },
    { name: 'number zero', change: { first: 0 } },
    { name: 'an entry without seats', change: { entries: seatsEntry() } },
    { name: 'a seat twice', change: { entries: seatsEntry([1, 1], [1, 2]) } },
    { name: 'a seat outside the list', change: { entries: seatsEntry([LIST_SIZE, 1]) } },
    { name: 'a list id beyond the last', change: { entries: [{ kind: 'list-sealed', listId: MAX_LIST_ID + 1 }] } },
    { name: 'a lease of nothing', change: { entries: [{ kind: 'block-leased', listId: 1, leasedTo: 0 }] } },
  ] as { name: string; change: Partial<JournalBatch> }[])('$name: TypeError', ({ change }) => {
    expect(() => encodeJournalBatch({ ...batch, ...change })).toThrow(TypeError);
  });

  it('the reserved value: TypeError', () => {
    // @ts-expect-error three is no seat value
    expect(() => encodeJournalBatch({ ...batch, entries: seatsEntry([1, 3]) })).toThrow(TypeError);
  });
});

const recodeBatch = (hostile: Uint8Array): Uint8Array => encodeJournalBatch(decodeJournalBatch(hostile));
const recodeHead = (hostile: Uint8Array): Uint8Array => encodeJournalHead(decodeJournalHead(hostile));

describe('decodeJournalBatch', () => {
  const header = Buffer.from(encodeJournalBatch(batch).subarray(0, 49));
  const body = (hex: string): Uint8Array => Buffer.concat([header, fromHex(hex)]);

  it.each([
    { name: 'no entry', hex: '00000000', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'four billion entries', hex: 'ffffffff', code: 'TRUNCATED' },
    { name: 'a sixth kind', hex: '00000001 0600000001', code: 'FORMAT_UNKNOWN' },
    { name: 'a list id beyond the last', hex: '00000001 0380000000', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a lease of nothing', hex: '00000001 0200000001 000000', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'an entry without seats', hex: '00000001 0500000001 000000', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a million seats that are not there', hex: '00000001 0500000001 0fffff', code: 'TRUNCATED' },
    { name: 'the reserved value', hex: '00000001 0500000001 000001 300001', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'bits beyond the value', hex: '00000001 0500000001 000001 500001', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a seat twice', hex: '00000001 0500000001 000002 100001100001', code: 'NOT_CANONICAL' },
    { name: 'seats that fall', hex: '00000001 0500000001 000002 100002100001', code: 'NOT_CANONICAL' },
  ])('$name: $code', ({ hex, code }) => {
    expect(() => decodeJournalBatch(body(hex))).toThrow(expect.objectContaining({ code }));
  });

  it('more than four mebioctets: TOO_LARGE, unread', () => {
    const bytes = new Uint8Array(4 * 2 ** 20 + 1);
    expect(() => decodeJournalBatch(bytes)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('any batch cut, extended or with a bit flipped: refused, or the only encoding of what it says now', () => {
    fc.assert(
      fc.property(anyBatch, (one) => {
        expect(acceptedWrongly(encodeJournalBatch(one), recodeBatch)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('JournalHead', () => {
  const head = { epoch: 7, sequence: 2 ** 40, batchHash: keyId(5), time: 1_800_000_000 };

  it('57 octets, read back as written', () => {
    const bytes = encodeJournalHead(head);
    expect(bytes).toHaveLength(57);
    expect(decodeJournalHead(bytes)).toEqual(head);
  });

  it.each([
    { name: 'epoch zero', change: { epoch: 0 } },
    { name: 'a time before 1970', change: { time: -1 } },
    { name: 'a hash of another length', change: { batchHash: new Uint8Array(33) } },
  ])('$name: TypeError', ({ change }) => {
    expect(() => encodeJournalHead({ ...head, ...change })).toThrow(TypeError);
  });

  it('cut, extended or with a bit flipped: refused, or the only encoding of what it says now', () => {
    expect(acceptedWrongly(encodeJournalHead(head), recodeHead)).toEqual([]);
  });
});
