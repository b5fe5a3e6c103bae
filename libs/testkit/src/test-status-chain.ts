import { sign } from 'node:crypto';
import {
  encodeJournalBatch,
  encodeJournalHead,
  encodeSigned,
  encodeSnapshot,
  type JournalEntry,
  MAX_BUCKET_END,
  type MessageTypeName,
  NO_BATCH,
  payloadHash,
  SeatBitmap,
  type SeatChange,
  SeatValue,
  signedData,
} from '@touchmark/status-list';
import { type TestCa, type TestCertificate, type TestCertificateOptions } from './test-pki.js';

/** A status key and its certificate. */
export class TestStatusSigner {
  readonly certificate: TestCertificate;
  readonly issuer: TestCa;
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly keyId: Uint8Array;

  constructor(issuer: TestCa, realm: string, options: TestCertificateOptions = {}) {
    this.issuer = issuer;
    this.certificate = issuer.issue({
      subject: 'status-test',
      extKeyUsage: null,
      subjectAltName: [{ kind: 'uniformResourceIdentifier', value: `spiffe://${realm}/status/status-test` }],
      ...options,
    });
    this.keyId = payloadHash(this.certificate.key.subjectPublicKeyInfo);
  }

  sign(type: MessageTypeName, payload: Uint8Array): Uint8Array {
    const { privateKey } = this.certificate.key;
    const signature = sign('sha256', signedData(type, this.keyId, payload), privateKey);
    return encodeSigned({ type, keyId: this.keyId, signature: new Uint8Array(signature), payload });
  }
}

export interface TestBatch {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly hash: Uint8Array;
  readonly message: Uint8Array;
}

/** One epoch of a journal with one list, signed: its first batch opens the list and leases all of it. */
export class TestStatusChain {
  readonly epoch: number;
  readonly listId: number;
  readonly opening: TestBatch;
  signer: TestStatusSigner;
  private readonly issuerKeyId: Uint8Array;
  private readonly seats = new SeatBitmap();
  private last = 0;
  private hash: Uint8Array = NO_BATCH;

  constructor(signer: TestStatusSigner, { epoch = 1, listId = 900, issuerKeyId = signer.keyId } = {}) {
    this.signer = signer;
    this.epoch = epoch;
    this.listId = listId;
    this.issuerKeyId = issuerKeyId;
    this.opening = this.batch([
      { kind: 'list-opened', listId, issuerKeyId, bucketEnd: MAX_BUCKET_END },
      { kind: 'block-leased', listId, leasedTo: LEASED_TO },
    ]);
  }

  get sequence(): number {
    return this.last;
  }

  /** The next batch: one entry, after which the seats are invalid. */
  revoke(...indexes: readonly (number | readonly number[])[]): TestBatch {
    const seats: SeatChange[] = indexes.flat().map((index) => ({ index, value: SeatValue.invalid }));
    for (const { index, value } of seats) this.seats.set(index, value);
    return this.batch([{ kind: 'seats', listId: this.listId, seats }]);
  }

  head(time: number): { epoch: number; sequence: number; time: number; message: Uint8Array } {
    const { epoch, last: sequence, hash: batchHash } = this;
    const message = this.signer.sign('head', encodeJournalHead({ epoch, sequence, batchHash, time }));
    return { epoch, sequence, time, message };
  }

  snapshot(asOf: number): { epoch: number; sequence: number; asOf: number; message: Uint8Array } {
    const { epoch, last: sequence, hash: batchHash, listId, issuerKeyId, seats } = this;
    const list = { listId, issuerKeyId, state: 'open', bucketEnd: MAX_BUCKET_END, leasedTo: LEASED_TO, seats } as const;
    const payload = encodeSnapshot({ epoch, sequence, asOf, batchHash, certificates: [], lists: [list] });
    return { epoch, sequence, asOf, message: this.signer.sign('snapshot', payload) };
  }

  private batch(entries: readonly JournalEntry[]): TestBatch {
    const { epoch, hash: previousHash } = this;
    const first = this.last + 1;
    const payload = encodeJournalBatch({ epoch, first, previousHash, entries });
    this.last += entries.length;
    this.hash = payloadHash(payload);
    return { epoch, first, last: this.last, hash: this.hash, message: this.signer.sign('batch', payload) };
  }
}

const LEASED_TO = 2 ** 20;
