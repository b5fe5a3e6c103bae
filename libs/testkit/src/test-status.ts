import { randomBytes, sign } from 'node:crypto';

import { equalBytes, Oid } from '@touchmark/der';
import {
  encodeJournalBatch,
  encodeJournalHead,
  encodeSerialNumber,
  encodeSigned,
  encodeSnapshot,
  LIST_SIZE,
  MAX_BUCKET_END,
  type JournalEntry,
  type MessageTypeName,
  NO_BATCH,
  parseSeat,
  payloadHash,
  SeatBitmap,
  type SeatValue,
  signedData,
  type Snapshot,
  type SnapshotList,
} from '@touchmark/status-list';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';

import { TEST_NOW, TestCa, type TestCertificate, type TestCertificateOptions, type TestKey } from './test-pki.js';

/** A status key with its certificate and that of who issued it. */
export interface TestSigner {
  readonly key: TestKey;
  readonly certificate: Uint8Array;
  readonly issuerCertificate: Uint8Array;
}

interface TestList {
  readonly listId: number;
  readonly ca: TestCa;
  leasedTo: number;
  readonly seats: SeatBitmap;
  next: number;
}

// OpenSSL, which judges TLS, knows the real time only.
const LONG = { notBefore: TEST_NOW - 3 * 31_536_000, notAfter: TEST_NOW + 80 * 31_536_000 };

/**
 * A hierarchy whose certificates have seats, and the status of these seats as the CA would sign it: a root, a CA for devices, one
 * for infrastructure, a status key. Whatever a test asks for is signed, true or not.
 */
export class TestStatus {
  readonly realm: string;
  readonly root: TestCa;
  readonly ldevid: TestCa;
  readonly infrastructure: TestCa;
  signer: TestSigner;
  epoch = 1;
  sequence = 0;
  batchHash: Uint8Array = NO_BATCH;
  /** The journal of this epoch, each batch signed. */
  readonly batches: { readonly first: number; readonly last: number; readonly message: Uint8Array }[] = [];
  private readonly others: TestCa[] = [];
  private readonly lists = new Map<number, TestList>();

  constructor({ realm = 'devices.local' } = {}) {
    this.realm = realm;
    this.root = TestCa.root({ subject: 'Status test root', serialNumber: serial(1, 0), ...LONG });
    const rootList = this.openList(1, this.root, 16);
    rootList.next = 1;
    const pathLen = { basicConstraints: { cA: true, pathLenConstraint: 0 } };
    const ca = (subject: string, more: TestCertificateOptions = {}): TestCa =>
      this.root.issueCa({ subject, ...pathLen, ...LONG, serialNumber: this.takeSeat(rootList), ...more });
    this.ldevid = ca('Status test LDevID CA', { extKeyUsage: [Oid.clientAuth] });
    this.infrastructure = ca('Status test infrastructure CA');
    this.openList(2, this.ldevid, 1 << 20);
    this.openList(3, this.infrastructure, 4096);
    this.signer = this.issueSigner();
  }

  /** A device's certificate, by default of model `m`. */
  issueDevice(deviceSerial: string, more: TestCertificateOptions = {}): TestCertificate {
    return this.issueUnder(2, `spiffe://${this.realm}/device/m/${deviceSerial}`, more);
  }

  /** A gateway's or service's certificate: `gateway/g-1`. */
  issueInfrastructure(path: string, more: TestCertificateOptions = {}): TestCertificate {
    return this.issueUnder(3, `spiffe://${this.realm}/${path}`, more);
  }

  issueSigner(more: TestCertificateOptions & { uri?: string; list?: number } = {}): TestSigner {
    const { uri = `spiffe://${this.realm}/status/status-1`, list = 3, ...options } = more;
    const { key, der } = this.issueUnder(list, uri, { extKeyUsage: null, ...options });
    return { key, certificate: der, issuerCertificate: this.listOf(list).ca.der };
  }

  /** Changes the seat of a certificate in the next batch, and signs that batch. */
  change(certificate: Uint8Array | TestCertificate, value: SeatValue): Uint8Array {
    const { serialNumber } = parseCertificate(certificate instanceof Uint8Array ? certificate : certificate.der);
    const seat = parseSeat(serialNumber);
    if (seat === undefined) throw new TypeError('a certificate without a seat');
    const { listId, index } = seat;
    return this.append([{ kind: 'seats', listId, seats: [{ index, value }] }]);
  }

  /** Signs the next batch of the journal. */
  append(entries: readonly JournalEntry[]): Uint8Array {
    const first = this.sequence + 1;
    const payload = encodeJournalBatch({ epoch: this.epoch, first, previousHash: this.batchHash, entries });
    for (const entry of entries) this.applyEntry(entry);
    this.sequence += entries.length;
    this.batchHash = payloadHash(payload);
    const message = this.sign('batch', payload);
    this.batches.push({ first, last: this.sequence, message });
    return message;
  }

  /** Lets another CA have lists. */
  adopt(ca: TestCa): void {
    this.others.push(ca);
  }

  /** Leaves a list out of snapshots from now on. */
  forget(listId: number): void {
    this.lists.delete(listId);
  }

  snapshot(
    asOf: number,
    more: Partial<Pick<Snapshot, 'epoch' | 'sequence' | 'batchHash' | 'certificates'>> & {
      readonly signer?: TestSigner;
      /** Says of every seat that it is valid. */
      readonly forgiving?: boolean;
      /** Retired lists that stand in it all the same, of the infrastructure CA. */
      readonly revived?: readonly number[];
    } = {},
  ): Uint8Array {
    const { signer, forgiving = false, revived = [], ...content } = more;
    const certificates = [this.ldevid.der, this.infrastructure.der];
    const back = revived.map((listId) => newList(listId, this.infrastructure, LIST_SIZE));
    const lists = [...this.lists.values(), ...back].map((list): SnapshotList => ({
      listId: list.listId,
      issuerKeyId: spkiSha256(list.ca.key.subjectPublicKeyInfo),
      state: 'open',
      bucketEnd: MAX_BUCKET_END,
      leasedTo: list.leasedTo,
      seats: forgiving ? new SeatBitmap() : list.seats,
    }));
    const { epoch, sequence, batchHash } = this;
    return this.sign(
      'snapshot',
      encodeSnapshot({ epoch, sequence, batchHash, asOf, certificates, lists, ...content }),
      signer,
    );
  }

  head(
    time: number,
    more: { readonly signer?: TestSigner; readonly sequence?: number; readonly batchHash?: Uint8Array } = {},
  ): Uint8Array {
    const { signer, ...content } = more;
    const { epoch, sequence, batchHash } = this;
    return this.sign('head', encodeJournalHead({ epoch, sequence, batchHash, time, ...content }), signer);
  }

  /** A restored service: the same seats, another count. */
  newEpoch(epoch = this.epoch + 1): void {
    this.epoch = epoch;
    this.sequence = 0;
    this.batchHash = NO_BATCH;
    this.batches.length = 0;
  }

  sign(type: MessageTypeName, payload: Uint8Array, { key }: { readonly key: TestKey } = this.signer): Uint8Array {
    const keyId = spkiSha256(key.subjectPublicKeyInfo);
    const signature = new Uint8Array(sign('sha256', signedData(type, keyId, payload), key.privateKey));
    return encodeSigned({ type, keyId, signature, payload });
  }

  private issueUnder(listId: number, uri: string, more: TestCertificateOptions): TestCertificate {
    const list = this.listOf(listId);
    const subjectAltName = [{ kind: 'uniformResourceIdentifier', value: uri }] as const;
    return list.ca.issue({ subjectAltName, serialNumber: this.takeSeat(list), ...more });
  }

  private openList(listId: number, ca: TestCa, leasedTo: number): TestList {
    const list = newList(listId, ca, leasedTo);
    this.lists.set(listId, list);
    return list;
  }

  private listOf(listId: number): TestList {
    const list = this.lists.get(listId);
    if (list === undefined) throw new TypeError('no such list');
    return list;
  }

  private takeSeat(list: TestList): Uint8Array {
    const serialNumber = serial(list.listId, list.next);
    list.next += 1;
    return serialNumber;
  }

  private applyEntry(entry: JournalEntry): void {
    if (entry.kind === 'seats') {
      const { seats } = this.listOf(entry.listId);
      for (const { index, value } of entry.seats) seats.set(index, value);
    }
    if (entry.kind === 'block-leased') this.listOf(entry.listId).leasedTo = entry.leasedTo;
    if (entry.kind === 'list-opened') this.openList(entry.listId, this.authorityOf(entry.issuerKeyId), 0);
    if (entry.kind === 'list-retired') this.forget(entry.listId);
  }

  private authorityOf(keyId: Uint8Array): TestCa {
    const authorities = [this.root, this.ldevid, this.infrastructure, ...this.others];
    const found = authorities.find(({ key }) => equalBytes(spkiSha256(key.subjectPublicKeyInfo), keyId));
    if (found === undefined) throw new TypeError('no such issuing key');
    return found;
  }
}

function newList(listId: number, ca: TestCa, leasedTo: number): TestList {
  return { listId, ca, leasedTo, seats: new SeatBitmap(), next: 0 };
}

function serial(listId: number, index: number): Uint8Array {
  return encodeSerialNumber({ listId, index, random: randomBytes(8) });
}
