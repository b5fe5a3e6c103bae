import { randomBytes, sign } from 'node:crypto';
import { TEST_NOW, TestCa, type TestCertificate } from '@touchmark/testkit';
import {
  encodeSerialNumber,
  encodeSigned,
  encodeSnapshot,
  type MessageTypeName,
  SeatBitmap,
  SeatValue,
  signedData,
  type SnapshotList,
} from '@touchmark/status-list';
import { spkiSha256 } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';
import { proveStatus, type ProvenStatus } from './status-snapshot.js';

const ROOT_LIST = 1;
const LIST = 2;
const serial = (listId: number, index: number): Uint8Array =>
  encodeSerialNumber({ listId, index, random: new Uint8Array(randomBytes(8)) });
const named = (uri: string) => ({
  subjectAltName: [{ kind: 'uniformResourceIdentifier', value: uri }] as const,
  extKeyUsage: null,
});

const root = TestCa.root();
const ca = root.issueCa({ serialNumber: serial(ROOT_LIST, 0) });
const signer = ca.issue({ serialNumber: serial(LIST, 0), ...named('spiffe://devices.local/status/status-1') });

function list(listId: number, issuer: TestCertificate, values: Record<number, SeatValue> = {}): SnapshotList {
  const seats = new SeatBitmap();
  for (const [index, value] of Object.entries(values)) seats.set(Number(index), value);
  const issuerKeyId = spkiSha256(issuer.certificate.subjectPublicKeyInfo);
  return { listId, issuerKeyId, state: 'open', bucketEnd: TEST_NOW + 86_400, leasedTo: 8, seats };
}

interface Made {
  readonly lists?: SnapshotList[];
  readonly by?: TestCertificate;
  readonly type?: MessageTypeName;
  readonly key?: TestCertificate;
}

/** A snapshot, as the CA makes it, but for what a test wants otherwise. */
function message({
  lists = [list(ROOT_LIST, root), list(LIST, ca)],
  by = signer,
  type = 'snapshot',
  key = by,
}: Made = {}): Uint8Array {
  const content = { epoch: 1, sequence: 7, asOf: TEST_NOW, batchHash: new Uint8Array(32), certificates: [ca.der] };
  const payload = encodeSnapshot({ ...content, lists });
  const keyId = spkiSha256(by.certificate.subjectPublicKeyInfo);
  const signature = new Uint8Array(sign('sha256', signedData(type, keyId, payload), key.key.privateKey));
  return encodeSigned({ type, keyId, signature, payload });
}

function prove(snapshot: Uint8Array, more: TestCertificate[] = [], now = TEST_NOW): ProvenStatus {
  const signers = [signer, ...more, ca].map(({ certificate }) => certificate);
  return proveStatus({ snapshot, signers, anchors: [root.certificate], now });
}

const refused = { code: 'STATUS_NOT_TRUSTED' };

describe('a status snapshot', () => {
  it('says the status of seats under the key that issued, and nothing about any other', () => {
    const lists = [list(ROOT_LIST, root), list(LIST, ca, { 1: SeatValue.invalid, 2: SeatValue.suspended })];
    const status = prove(message({ lists }));
    expect(status).toMatchObject({ epoch: 1, sequence: 7, asOf: TEST_NOW });
    const [ofCa, ofRoot] = [ca, root].map(({ certificate }) => spkiSha256(certificate.subjectPublicKeyInfo));
    const asked = [0, 1, 2, 7, 8].map((index) => status.statusOf(ofCa ?? new Uint8Array(), serial(LIST, index)));
    expect(asked).toEqual(['valid', 'invalid', 'suspended', 'valid', 'unknown']);
    expect(status.statusOf(ofRoot ?? new Uint8Array(), serial(LIST, 0))).toBe('unknown');
    expect(status.statusOf(ofCa ?? new Uint8Array(), serial(9, 0))).toBe('unknown');
    expect(status.statusOf(ofCa ?? new Uint8Array(), Uint8Array.of(1, 2, 3))).toBe('unknown');
  });

  it.each([
    ['by a certificate that is no status signer', 'spiffe://devices.local/gateway/gate-1'],
    ['by a device', 'spiffe://devices.local/device/model/serial'],
  ])('is refused when it is signed %s', (_who, uri) => {
    const other = ca.issue({ serialNumber: serial(LIST, 3), ...named(uri) });
    expect(() => prove(message({ by: other }), [other])).toThrow(expect.objectContaining(refused));
  });

  it('is refused when its signer is below another root, has ended, or is not among the signers', () => {
    const foreign = TestCa.root()
      .issueCa()
      .issue({ serialNumber: serial(LIST, 0), ...named('spiffe://devices.local/status/x') });
    expect(() => prove(message({ by: foreign }), [foreign])).toThrow(expect.objectContaining(refused));
    expect(() => prove(message({ by: foreign }))).toThrow(expect.objectContaining(refused));
    expect(() => prove(message(), [], TEST_NOW + 2 * 31_536_000)).toThrow(expect.objectContaining(refused));
  });

  it('is refused when it proves itself that its signer, or the CA above, is revoked or unknown', () => {
    for (const lists of [
      [list(ROOT_LIST, root), list(LIST, ca, { 0: SeatValue.invalid })],
      [list(ROOT_LIST, root, { 0: SeatValue.invalid }), list(LIST, ca)],
      [list(LIST, ca)],
    ]) {
      expect(() => prove(message({ lists }))).toThrow(expect.objectContaining(refused));
    }
  });

  it('is refused when one octet of it is another, when another key signed it, and when it was signed as something else', () => {
    const whole = message();
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Uint8Array.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      expect(() => prove(changed)).toThrow(expect.objectContaining(refused));
    }
    expect(() => prove(message({ key: ca }))).toThrow(expect.objectContaining(refused));
    expect(() => prove(message({ type: 'head' }))).toThrow(expect.objectContaining(refused));
  });
});
