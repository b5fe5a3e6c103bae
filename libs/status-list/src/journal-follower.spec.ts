import { generateKeyPairSync, sign, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusListError } from './errors.js';
import { NO_BATCH, payloadHash } from './hash.js';
import { encodeJournalBatch, type JournalBatch, type JournalEntry } from './journal-batch.js';
import { JournalFollower, type SignedClaim } from './journal-follower.js';
import { encodeJournalHead, type JournalHead } from './journal-head.js';
import type { SeatValue } from './seat-value.js';
import { encodeSigned, signedData, type MessageTypeName } from './signed.js';
import { encodeSnapshot, type Snapshot } from './snapshot.js';
import { bitmapOf, keyId, listOf } from './spec-content.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const statusKey = keyId(0x33);
const issuer = keyId(1);

function signed(type: MessageTypeName, payload: Uint8Array): Uint8Array {
  const signature = new Uint8Array(sign(null, signedData(type, statusKey, payload), privateKey));
  return encodeSigned({ type, keyId: statusKey, signature, payload });
}

function newFollower(): JournalFollower {
  return new JournalFollower({ verify: (_keyId, data, signature) => verify(null, data, publicKey, signature) });
}

const T = 1_800_000_000;
const batchOf = (first: number, previousHash: Uint8Array, ...entries: JournalEntry[]): JournalBatch => ({
  epoch: 2,
  first,
  previousHash,
  entries,
});
const seats = (listId: number, ...changes: [number, SeatValue][]): JournalEntry => ({
  kind: 'seats',
  listId,
  seats: changes.map(([index, value]) => ({ index, value })),
});
const snapshotMessage = (more: Partial<Snapshot> = {}): Uint8Array =>
  signed('snapshot', encodeSnapshot({ ...base, ...more }));
const batchMessage = (batch: JournalBatch): Uint8Array => signed('batch', encodeJournalBatch(batch));
const headMessage = (more: Partial<JournalHead> = {}): Uint8Array =>
  signed('head', encodeJournalHead({ epoch: 2, sequence: 10, batchHash: keyId(7), time: T + 5, ...more }));

const sealed = listOf(2, [], { leasedTo: 100, state: 'sealed' });

/** Position (2, 10): list 1 is open with seats 0 to 99, of which 3 is invalid; list 2 is sealed. */
const base: Snapshot = {
  epoch: 2,
  sequence: 10,
  asOf: T,
  batchHash: keyId(7),
  certificates: [Uint8Array.of(0x30, 0)],
  lists: [listOf(1, [[3, 1]], { leasedTo: 100 }), sealed],
};
const next = batchOf(11, keyId(7), seats(1, [4, 2]), { kind: 'block-leased', listId: 1, leasedTo: 200 });

function started(...messages: Uint8Array[]): JournalFollower {
  const follower = newFollower();
  for (const message of [snapshotMessage(), ...messages]) follower.apply(message);
  return follower;
}

describe('JournalFollower', () => {
  it('before a snapshot: no position, every seat unknown', () => {
    expect(newFollower().position).toBeUndefined();
    expect(newFollower().lookup(issuer, { listId: 1, index: 0 })).toBe('unknown');
  });

  it('after a snapshot: its position, certificates and seats, under the right issuing key only', () => {
    const follower = started();
    expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
    expect(follower.certificates).toEqual(base.certificates);
    expect(follower.lookup(issuer, { listId: 1, index: 3 })).toBe(1);
    expect(follower.lookup(issuer, { listId: 1, index: 4 })).toBe(0);
    expect(follower.lookup(issuer, { listId: 1, index: 100 })).toBe('unknown');
    expect(follower.lookup(keyId(2), { listId: 1, index: 3 })).toBe('unknown');
  });

  it('a batch: says what changed, and does not say that there is nothing newer', () => {
    const follower = started();
    const position = { epoch: 2, sequence: 12, asOf: T };
    expect(follower.apply(batchMessage(next))).toEqual({ type: 'batch', position, entries: next.entries });
    expect(follower.lookup(issuer, { listId: 1, index: 4 })).toBe(2);
    expect(follower.lookup(issuer, { listId: 1, index: 199 })).toBe(0);
  });

  it('a head at the position: its time is the age of what is known', () => {
    expect(started(headMessage()).position).toEqual({ epoch: 2, sequence: 10, asOf: T + 5 });
    const batchHash = payloadHash(encodeJournalBatch(next));
    const follower = started(batchMessage(next), headMessage({ sequence: 12, batchHash }));
    expect(follower.position).toEqual({ epoch: 2, sequence: 12, asOf: T + 5 });
  });

  it('a list opened, leased, sealed and retired in one batch: followed step by step', () => {
    const follower = started();
    const opened = { kind: 'list-opened', listId: 5, issuerKeyId: keyId(8), bucketEnd: T } as const;
    const leased = { kind: 'block-leased', listId: 5, leasedTo: 8 } as const;
    const first = batchOf(11, keyId(7), opened, leased, seats(5, [7, 1]), { kind: 'list-sealed', listId: 5 });
    follower.apply(batchMessage(first));
    expect(follower.lookup(keyId(8), { listId: 5, index: 7 })).toBe(1);
    const hash = payloadHash(encodeJournalBatch(first));
    follower.apply(batchMessage(batchOf(15, hash, { kind: 'list-retired', listId: 5 })));
    expect(follower.lookup(keyId(8), { listId: 5, index: 7 })).toBe('unknown');
  });

  it('a lease and a seal of one batch: hold in the next', () => {
    const follower = started(batchMessage(next));
    const second = batchOf(13, payloadHash(encodeJournalBatch(next)), seats(1, [199, 1]), {
      kind: 'list-sealed',
      listId: 1,
    });
    follower.apply(batchMessage(second));
    expect(follower.lookup(issuer, { listId: 1, index: 199 })).toBe(1);
    const third = batchOf(15, payloadHash(encodeJournalBatch(second)), {
      kind: 'block-leased',
      listId: 1,
      leasedTo: 300,
    });
    const cause = expect.objectContaining({ code: 'LIST_SEALED' });
    expect(() => follower.apply(batchMessage(third))).toThrow(expect.objectContaining({ cause }));
  });

  it('a snapshot of a higher epoch: replaces everything, its time included', () => {
    const follower = started(headMessage());
    const list = listOf(9, [], { leasedTo: 1 });
    follower.apply(snapshotMessage({ epoch: 3, sequence: 0, asOf: T + 1, batchHash: NO_BATCH, lists: [list] }));
    expect(follower.position).toEqual({ epoch: 3, sequence: 0, asOf: T + 1 });
    expect(follower.lookup(issuer, { listId: 1, index: 3 })).toBe('unknown');
    expect(follower.lookup(issuer, { listId: 9, index: 0 })).toBe(0);
  });

  it('a snapshot of the position that is known, made after the last head: makes what is known younger', () => {
    expect(started(headMessage(), snapshotMessage({ asOf: T + 6 })).position?.asOf).toBe(T + 6);
  });

  it('the same snapshot again, or one made before the last head: ALREADY_APPLIED', () => {
    for (const asOf of [T, T + 4, T + 5]) {
      const follower = started(headMessage());
      expect(() => follower.apply(snapshotMessage({ asOf }))).toThrow(
        expect.objectContaining({ code: 'ALREADY_APPLIED' }),
      );
      expect(follower.position?.asOf).toBe(T + 5);
    }
  });

  it.each([
    { name: 'batch before that position', batch: batchOf(9, keyId(7), seats(1, [5, 1])), code: 'ALREADY_APPLIED' },
    { name: 'batch that begins within', batch: batchOf(10, keyId(7), ...next.entries), code: 'BATCH_OVERLAPS' },
    { name: 'batch that leaves one out', batch: batchOf(12, keyId(7), seats(1, [5, 1])), code: 'GAP' },
    { name: 'batch of another history', batch: batchOf(11, keyId(6), seats(1, [5, 1])), code: 'HASH_MISMATCH' },
    { name: 'batch of the epoch before', batch: { ...next, epoch: 1 }, code: 'EPOCH_BACK' },
    { name: 'batch of the next epoch', batch: { ...next, epoch: 3 }, code: 'EPOCH_AHEAD' },
    { name: 'seat beyond the lease', batch: batchOf(11, keyId(7), seats(1, [100, 1])), code: 'BATCH_INCONSISTENT' },
    { name: 'seat of no list', batch: batchOf(11, keyId(7), seats(7, [0, 1])), code: 'BATCH_INCONSISTENT' },
  ])('$name: $code', ({ batch, code }) => {
    expect(() => started().apply(batchMessage(batch))).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    { entry: { kind: 'list-opened', listId: 1, issuerKeyId: keyId(2), bucketEnd: T }, code: 'LIST_ALREADY_OPEN' },
    { entry: { kind: 'block-leased', listId: 1, leasedTo: 100 }, code: 'LEASE_NOT_GROWING' },
    { entry: { kind: 'block-leased', listId: 2, leasedTo: 200 }, code: 'LIST_SEALED' },
    { entry: { kind: 'list-sealed', listId: 2 }, code: 'LIST_SEALED' },
    { entry: { kind: 'list-retired', listId: 7 }, code: 'LIST_UNKNOWN' },
    { entry: seats(1, [5, 1], [100, 1]), code: 'SEAT_NOT_LEASED' },
  ] as { entry: JournalEntry; code: string }[])(
    '$entry.kind that contradicts the list ($code): nothing of its batch is applied',
    ({ entry, code }) => {
      const follower = started();
      const opened = { kind: 'list-opened', listId: 6, issuerKeyId: keyId(6), bucketEnd: T } as const;
      const message = batchMessage(batchOf(11, keyId(7), seats(1, [4, 1]), opened, entry));
      const cause = expect.objectContaining({ code });
      const context = { sequence: 13 };
      expect(() => follower.apply(message)).toThrow(
        expect.objectContaining({ code: 'BATCH_INCONSISTENT', context, cause }),
      );
      expect(follower.lookup(issuer, { listId: 1, index: 4 })).toBe(0);
      expect(follower.table(keyId(6))).toBeUndefined();
      expect(follower.apply(batchMessage(next)).position.sequence).toBe(12);
    },
  );

  it.each([
    { name: 'head ahead of what is known', more: { sequence: 11 }, code: 'GAP' },
    { name: 'head before what is known', more: { sequence: 9 }, code: 'STALE_HEAD' },
    { name: 'head from an earlier time', more: { time: T - 1 }, code: 'STALE_HEAD' },
    { name: 'head of another history', more: { batchHash: keyId(6) }, code: 'HASH_MISMATCH' },
    { name: 'head of the epoch before', more: { epoch: 1 }, code: 'EPOCH_BACK' },
    { name: 'head of the next epoch', more: { epoch: 3 }, code: 'EPOCH_AHEAD' },
  ])('$name: $code', ({ more, code }) => {
    const follower = started();
    expect(() => follower.apply(headMessage(more))).toThrow(expect.objectContaining({ code }));
    expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
  });

  it.each([
    { name: 'snapshot of the epoch before', more: { epoch: 1, sequence: 99 }, code: 'EPOCH_BACK' },
    { name: 'snapshot of an earlier position', more: { sequence: 9 }, code: 'SEQUENCE_BACK' },
    { name: 'snapshot of another history', more: { batchHash: keyId(6) }, code: 'HASH_MISMATCH' },
    {
      name: 'snapshot of more entries, from before a head that knew of none',
      more: { sequence: 11, asOf: T - 1 },
      code: 'SNAPSHOT_CONTRADICTS',
    },
    ...[
      { what: 'a seat', lists: [listOf(1, [], { leasedTo: 100 }), sealed] },
      { what: 'a lease', lists: [listOf(1, [[3, 1]], { leasedTo: 101 }), sealed] },
      { what: 'an issuing key', lists: [listOf(1, [[3, 1]], { leasedTo: 100, issuerKeyId: keyId(2) }), sealed] },
      { what: 'a seal', lists: [listOf(1, [[3, 1]], { leasedTo: 100 }), listOf(2, [], { leasedTo: 100 })] },
      { what: 'a list less', lists: [sealed] },
      { what: 'another list', lists: [listOf(3, [[3, 1]], { leasedTo: 100 }), sealed] },
    ].map(({ what, lists }) => ({
      name: `snapshot of the position that is known with ${what} otherwise`,
      more: { asOf: T + 1, lists },
      code: 'SNAPSHOT_CONTRADICTS',
    })),
  ])('$name: $code', ({ more, code }) => {
    const follower = started();
    expect(() => follower.apply(snapshotMessage(more))).toThrow(expect.objectContaining({ code }));
    expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
    expect(follower.lookup(issuer, { listId: 1, index: 3 })).toBe(1);
  });

  it('batch or head first: NO_SNAPSHOT', () => {
    for (const message of [batchMessage(next), headMessage()]) {
      expect(() => newFollower().apply(message)).toThrow(expect.objectContaining({ code: 'NO_SNAPSHOT' }));
    }
  });

  it('a responder that changes a bit anywhere, relabels, or signs by itself: refused, nothing changes', () => {
    const follower = started();
    const message = batchMessage(next);
    for (let at = 0; at < message.length; at += 1) {
      expect(() => follower.apply(message.with(at, (message[at] ?? 0) ^ 1))).toThrow();
    }
    const payload = encodeJournalBatch(next);
    const forged = encodeSigned({ type: 'batch', keyId: statusKey, signature: new Uint8Array(64), payload });
    expect(() => follower.apply(forged)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
    expect(() => follower.apply(signed('head', payload))).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
  });

  it('any journal, cut anywhere, repeated and shuffled, with a snapshot on the way: the seats of the journal', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.constantFrom<SeatValue>(0, 1, 2));
    const scenario = fc.record({
      batches: fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      snapshotAt: fc.nat(),
      order: fc.array(fc.nat(), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(scenario, ({ batches, snapshotAt, order }) => {
        const model = new Map<number, SeatValue>([[3, 1]]);
        const messages: Uint8Array[] = [];
        let { sequence, batchHash } = base;
        batches.forEach((changes, i) => {
          const batch = batchOf(sequence + 1, batchHash, ...changes.map((one) => seats(1, one)));
          sequence += changes.length;
          batchHash = payloadHash(encodeJournalBatch(batch));
          messages.push(batchMessage(batch));
          for (const [index, value] of changes) model.set(index, value);
          if (i !== snapshotAt % batches.length) return;
          const lists = [listOf(1, [], { seats: bitmapOf([...model]), leasedTo: 100 })];
          messages.push(snapshotMessage({ sequence, batchHash, lists }));
        });
        const follower = started();
        const refusals = new Set<string>();
        const shuffled = order.map((at) => messages[at % messages.length] ?? new Uint8Array());
        for (const message of [...shuffled, ...messages]) {
          const before = follower.position?.sequence ?? 0;
          try {
            follower.apply(message);
          } catch (error) {
            refusals.add(error instanceof StatusListError ? error.code : String(error));
          }
          expect(follower.position?.sequence).toBeGreaterThanOrEqual(before);
        }
        expect(['GAP', 'ALREADY_APPLIED', 'SEQUENCE_BACK']).toEqual(expect.arrayContaining([...refusals]));
        expect(follower.position).toEqual({ epoch: 2, sequence, asOf: T });
        const expected = [...model].filter(([, value]) => value !== 0).toSorted(([a], [b]) => a - b);
        const found = [...(follower.table(issuer)?.nonValid(1) ?? [])].map(({ index, value }) => [index, value]);
        expect(found).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

/** A follower whose messages somebody sees before they are taken. */
function watched(admit: (claim: SignedClaim) => void): JournalFollower {
  return new JournalFollower({ verify: (_keyId, data, signature) => verify(null, data, publicKey, signature), admit });
}

describe('JournalFollower with somebody who has the last word', () => {
  it('tells who signed, what, and when', () => {
    const claims: SignedClaim[] = [];
    const follower = watched((claim) => claims.push(claim));
    for (const message of [snapshotMessage(), headMessage(), batchMessage(next)]) follower.apply(message);
    expect(claims).toMatchObject([
      { type: 'snapshot', keyId: statusKey, time: T },
      { type: 'head', keyId: statusKey, time: T + 5 },
      { type: 'batch', keyId: statusKey, time: undefined },
    ]);
  });

  it.each<[string, JournalEntry[], number, SeatValue | 'unknown', SeatValue | 'unknown']>([
    ['a seat that changes', [seats(1, [4, 2])], 4, 0, 2],
    ['one that changes twice', [seats(1, [4, 2]), seats(1, [4, 0])], 4, 0, 0],
    ['one beside it', [seats(1, [5, 2])], 3, 1, 1],
    ['one that is leased', [{ kind: 'block-leased', listId: 1, leasedTo: 200 }], 150, 'unknown', 0],
    [
      'one that is leased and changes',
      [{ kind: 'block-leased', listId: 1, leasedTo: 200 }, seats(1, [150, 1])],
      150,
      'unknown',
      1,
    ],
    ['one whose list retires', [{ kind: 'list-retired', listId: 1 }], 3, 1, 'unknown'],
    ['one when another list retires', [{ kind: 'list-retired', listId: 2 }], 3, 1, 1],
  ])('tells what a batch makes of %s', (_name, entries, index, before, after) => {
    const seen: unknown[] = [];
    const follower = watched((claim) => {
      const seat = { listId: 1, index };
      if (claim.type === 'batch') seen.push(claim.before(issuer, seat), claim.after(issuer, seat));
    });
    follower.apply(snapshotMessage());
    follower.apply(batchMessage(batchOf(11, keyId(7), ...entries)));
    expect(seen).toEqual([before, after]);
    expect(follower.lookup(issuer, { listId: 1, index })).toBe(after);
  });

  it('tells what a snapshot makes of seats that were known, and of others', () => {
    const seen: unknown[] = [];
    const seat = { listId: 1, index: 3 };
    const follower = watched(({ before, after }) => seen.push([before(issuer, seat), after(issuer, seat)]));
    follower.apply(snapshotMessage());
    follower.apply(snapshotMessage({ epoch: 3, lists: [listOf(1, [], { leasedTo: 100 })] }));
    expect(seen).toEqual([
      ['unknown', 1],
      [1, 0],
    ]);
  });

  it('tells a seat that was lost with its list from one that was never there, in this epoch and the next', () => {
    const seen: unknown[] = [];
    const follower = watched(({ before }) => {
      seen.push([1, 2, 3].map((listId) => before(issuer, { listId, index: 3 })));
    });
    const first = batchOf(11, keyId(7), { kind: 'list-retired', listId: 1 });
    const batchHash = payloadHash(encodeJournalBatch(first));
    const both = [listOf(1, [], { leasedTo: 100 }), listOf(3, [], { leasedTo: 100 })];
    follower.apply(snapshotMessage());
    follower.apply(batchMessage(first));
    follower.apply(headMessage({ sequence: 11, batchHash }));
    follower.apply(snapshotMessage({ epoch: 3, lists: both }));
    follower.apply(snapshotMessage({ epoch: 4, lists: [sealed] }));
    follower.apply(headMessage({ epoch: 4 }));
    expect(seen).toEqual([
      ['unknown', 'unknown', 'unknown'],
      [1, 0, 'unknown'],
      ['retired', 0, 'unknown'],
      ['retired', 0, 'unknown'],
      ['retired', 'retired', 0],
      ['retired', 'retired', 'retired'],
    ]);
    expect(follower.lookup(issuer, { listId: 1, index: 3 })).toBe('unknown');
    expect(follower.lookup(issuer, { listId: 2, index: 3 })).toBe(0);
  });

  it('tells the latest time that was proven, though a new epoch has an earlier one', () => {
    const seen: unknown[] = [];
    const follower = watched(({ provenAt }) => seen.push(provenAt));
    for (const message of [snapshotMessage(), headMessage(), snapshotMessage({ epoch: 3, asOf: T + 1 })]) {
      follower.apply(message);
    }
    follower.apply(headMessage({ epoch: 3, time: T + 2 }));
    expect(seen).toEqual([undefined, T, T + 5, T + 5]);
  });

  it('who throws refuses the message, and nothing has changed', () => {
    let refuses = false;
    const follower = watched(() => {
      if (refuses) throw new RangeError('not this one');
    });
    follower.apply(snapshotMessage());
    refuses = true;
    for (const message of [snapshotMessage({ sequence: 20 }), batchMessage(next), headMessage()]) {
      expect(() => follower.apply(message)).toThrow(RangeError);
      expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
      expect(follower.lookup(issuer, { listId: 1, index: 4 })).toBe(0);
    }
  });
});

describe('JournalFollower whose state is to be proven by fewer messages', () => {
  const older = { sequence: 9, batchHash: keyId(5), lists: [listOf(1, [], { leasedTo: 100 }), sealed] };
  const last = batchOf(10, keyId(5), seats(1, [3, 1]));
  const lastHash = payloadHash(encodeJournalBatch(last));

  it('says whether they lead to the same position and seats', () => {
    const follower = newFollower();
    follower.apply(snapshotMessage({ batchHash: lastHash }));
    const batch = batchMessage(last);
    expect(follower.isProvenBy([snapshotMessage(older), batch])).toBe(true);
    expect(follower.isProvenBy([snapshotMessage(older)])).toBe(false);
    expect(follower.isProvenBy([])).toBe(false);
    const forged = [listOf(1, [[5, 1]], { leasedTo: 100 }), sealed];
    expect(follower.isProvenBy([snapshotMessage({ ...older, lists: forged }), batch])).toBe(false);
    const elsewhere = { ...older, epoch: 3 };
    expect(follower.isProvenBy([snapshotMessage(elsewhere), batchMessage({ ...last, epoch: 3 })])).toBe(false);
    expect(newFollower().isProvenBy([snapshotMessage(older), batch])).toBe(false);
    expect(follower.position).toEqual({ epoch: 2, sequence: 10, asOf: T });
  });

  it('lets the signer of their snapshot be judged by what is known, and throws who refuses', () => {
    const seen: unknown[] = [];
    const follower = watched(({ type, before, provenAt }) => {
      seen.push([type, before(issuer, { listId: 1, index: 3 }), provenAt]);
      if (seen.length > 3) throw new RangeError('not this one');
    });
    follower.apply(snapshotMessage({ batchHash: lastHash }));
    const messages = [snapshotMessage({ ...older, asOf: T - 9 }), batchMessage(last)];
    expect(follower.isProvenBy(messages)).toBe(true);
    expect(seen).toEqual([
      ['snapshot', 'unknown', undefined],
      ['snapshot', 1, T],
      ['batch', 0, T - 9],
    ]);
    expect(() => follower.isProvenBy(messages)).toThrow(RangeError);
  });
});
