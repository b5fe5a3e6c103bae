import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_BUCKET_END } from './fields.js';
import { NO_BATCH, payloadHash } from './hash.js';
import { decodeJournalBatch, encodeJournalBatch, type JournalEntry } from './journal-batch.js';
import { JournalFollower } from './journal-follower.js';
import { decodeJournalHead, encodeJournalHead } from './journal-head.js';
import { bucketEnd } from './list-bucket.js';
import { decodeSigned, encodeSigned, signedData, type MessageTypeName } from './signed.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.js';
import { bitmapOf, contentOf, fromHex, keyId } from './spec-content.js';

const document = readFileSync(path.resolve(import.meta.dirname, '../../../docs/status-snapshot.md'), 'utf8');

/** Ed25519 of the seed 01 01 … 01: its signatures are the same each time. */
const seed = Buffer.alloc(32, 1);
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(privateKey);
const spki = publicKey.export({ format: 'der', type: 'spki' });
const statusKeyId = new Uint8Array(createHash('sha256').update(spki).digest());

const february = bucketEnd('2027-02') ?? Number.NaN;
const entries: JournalEntry[] = [
  { kind: 'list-opened', listId: 7, issuerKeyId: keyId(0x11), bucketEnd: february },
  { kind: 'block-leased', listId: 7, leasedTo: 4096 },
  {
    kind: 'seats',
    listId: 7,
    seats: [
      { index: 5, value: 1 },
      { index: 100, value: 2 },
      { index: 200, value: 1 },
    ],
  },
  { kind: 'list-sealed', listId: 7 },
  { kind: 'list-opened', listId: 8, issuerKeyId: keyId(0x22), bucketEnd: MAX_BUCKET_END },
  { kind: 'block-leased', listId: 8, leasedTo: 16 },
  {
    kind: 'seats',
    listId: 8,
    seats: [
      { index: 0, value: 1 },
      { index: 15, value: 2 },
    ],
  },
  { kind: 'list-opened', listId: 9, issuerKeyId: keyId(0x11), bucketEnd: february },
  { kind: 'list-opened', listId: 6, issuerKeyId: keyId(0x11), bucketEnd: february },
  { kind: 'list-retired', listId: 6 },
];
const batch = encodeJournalBatch({ epoch: 1, first: 1, previousHash: NO_BATCH, entries });
const batchHash = payloadHash(batch);
const list = { issuerKeyId: keyId(0x11), bucketEnd: february, seats: bitmapOf([]) };
const seven = bitmapOf([
  [5, 1],
  [100, 2],
  [200, 1],
]);
const eight = bitmapOf([
  [0, 1],
  [15, 2],
]);
const content: Snapshot = {
  epoch: 1,
  sequence: 10,
  asOf: 1_800_000_000,
  batchHash,
  certificates: [fromHex('3003020101'), fromHex('3003020102')],
  lists: [
    { ...list, listId: 7, state: 'sealed', leasedTo: 4096, seats: seven },
    {
      ...list,
      listId: 8,
      issuerKeyId: keyId(0x22),
      state: 'open',
      bucketEnd: MAX_BUCKET_END,
      leasedTo: 16,
      seats: eight,
    },
    { ...list, listId: 9, state: 'open', leasedTo: 0 },
  ],
};
const snapshot = encodeSnapshot(content);
const head = encodeJournalHead({ epoch: 1, sequence: 10, batchHash, time: 1_800_000_005 });
const data = signedData('head', statusKeyId, head);
const message = encodeSigned({
  type: 'head',
  keyId: statusKeyId,
  signature: new Uint8Array(sign(null, data, privateKey)),
  payload: head,
});

/** Octets in the first column of the table below a heading. */
function vector(heading: string): string {
  const [, section = ''] = document.split(`\n### ${heading}\n`);
  const [table = ''] = section.split('\n#');
  const cells = [...table.matchAll(/^\| `([0-9a-f ]+)` \|/gm)].map(([, hex = '']) => hex);
  return cells.join('').replaceAll(' ', '');
}

/** A message whose signature nobody looks at. */
function wrap(type: MessageTypeName, payload: Uint8Array): Uint8Array {
  return encodeSigned({ type, keyId: statusKeyId, signature: new Uint8Array(0), payload });
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('docs/status-snapshot.md', () => {
  it.each([
    { heading: 'Vector: snapshot', bytes: snapshot },
    { heading: 'Vector: journal batch', bytes: batch },
    { heading: 'Vector: head', bytes: head },
    { heading: 'Vector: what is signed', bytes: data },
    { heading: 'Vector: signed message', bytes: message },
  ])('$heading: every octet that the code writes', ({ heading, bytes }) => {
    expect(vector(heading)).toBe(hexOf(bytes));
  });

  it('its octets are read as the contents that it tells of', () => {
    expect(contentOf(decodeSnapshot(fromHex(vector('Vector: snapshot'))))).toEqual(contentOf(content));
    expect(decodeJournalBatch(fromHex(vector('Vector: journal batch'))).entries).toEqual(entries);
    expect(decodeJournalHead(fromHex(vector('Vector: head'))).time).toBe(1_800_000_005);
    const { signature } = decodeSigned(fromHex(vector('Vector: signed message')));
    expect(verify(null, fromHex(vector('Vector: what is signed')), publicKey, signature)).toBe(true);
  });

  it('the journal batch and the snapshot say the same, and the head continues both', () => {
    const start = encodeSnapshot({ ...content, sequence: 0, batchHash: NO_BATCH, lists: [] });
    const fromBatch = new JournalFollower({ verify: () => true });
    for (const one of [wrap('snapshot', start), wrap('batch', batch), wrap('head', head)]) fromBatch.apply(one);
    const fromSnapshot = new JournalFollower({ verify: () => true });
    for (const one of [wrap('snapshot', snapshot), wrap('head', head)]) fromSnapshot.apply(one);
    expect(fromBatch.position).toEqual(fromSnapshot.position);
    for (const { listId, issuerKeyId } of content.lists) {
      for (let index = 0; index < 4100; index += 1) {
        const seat = { listId, index };
        expect(fromBatch.lookup(issuerKeyId, seat)).toBe(fromSnapshot.lookup(issuerKeyId, seat));
      }
    }
  });
});
