import { Oid } from '@touchmark/der';
import { encodeSerialNumber } from '@touchmark/status-list';
import { TEST_NOW, TestCa, type TestCertificate, type TestCertificateOptions } from '@touchmark/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeatStatus } from '../status-view/seat-status.js';
import { StatusView } from '../status-view/status-view.js';
import { AdmitGateway } from './admit-gateway.js';

const root = TestCa.root({ subject: 'Root' });
const infrastructure = root.issueCa({ subject: 'Infrastructure CA' });
const ldevid = root.issueCa({ subject: 'LDevID CA' });
const LIST = 7;
const REALM = 'devices.test';

let now: number;
let proven: boolean;
let view: StatusView;
let admit: AdmitGateway;

beforeEach(() => {
  now = TEST_NOW;
  proven = true;
  view = new StatusView();
  const lists = [
    { id: LIST, authorityId: 'infrastructure-g1', leasedTo: 100 },
    { id: 8, authorityId: 'ldevid-g1', leasedTo: 100 },
  ];
  view.load({ position: { epoch: 1, sequence: 0 }, provenAt: now, lists, revocations: new Map() }, now);
  const seatStatus = new SeatStatus(view);
  admit = new AdmitGateway({ realm: REALM, seatStatus, isProven: () => proven, now: () => now });
  const authorities = [
    { id: 'root-g1', kind: 'root' as const, certificate: root.der },
    { id: 'infrastructure-g1', kind: 'infrastructure' as const, certificate: infrastructure.der },
    { id: 'ldevid-g1', kind: 'ldevid' as const, certificate: ldevid.der },
  ];
  seatStatus.load(authorities);
  admit.load(authorities);
});

const serialAt = (index: number, listId = LIST): Uint8Array =>
  encodeSerialNumber({ listId, index, random: new Uint8Array(8).fill(1) });

const certificate = (uri: string, more: TestCertificateOptions = {}, ca = infrastructure): TestCertificate =>
  ca.issue({
    serialNumber: serialAt(1),
    subjectAltName: [{ kind: 'uniformResourceIdentifier', value: uri }],
    ...more,
  });

const gateway = (more: TestCertificateOptions = {}): TestCertificate =>
  certificate(`spiffe://${REALM}/gateway/gw-1`, more);

const code = (expected: string) => expect.objectContaining({ code: expected });

function setSeat(index: number, value: 0 | 1 | 2): void {
  const sequence = (view.position?.sequence ?? 0) + 1;
  const status = value === 0 ? undefined : ({ value, reason: 0, revokedAt: now } as const);
  const change = { kind: 'seats', sequence, listId: LIST, seats: [{ index, status }] } as const;
  view.apply({ position: { epoch: 1, sequence }, provenAt: now, changes: [change] }, now);
}

describe('who may follow', () => {
  it('is a gateway or a service of the realm with a valid seat, with or without its CA in the chain', () => {
    const leaf = gateway();
    expect(admit.run([leaf.der])).toMatchObject({ kind: 'gateway', name: 'gw-1', notAfter: leaf.certificate.notAfter });
    expect(admit.run([leaf.der, infrastructure.der, root.der])).toMatchObject({ name: 'gw-1' });
    expect(admit.run([certificate(`spiffe://${REALM}/service/enrollment`).der])).toMatchObject({ kind: 'service' });
  });

  it('is nobody without a certificate, and nobody while seats are not proven', () => {
    expect(() => admit.run([])).toThrow(code('CERTIFICATE_MISSING'));
    proven = false;
    expect(() => admit.run([gateway().der])).toThrow(code('STATUS_NOT_PROVEN'));
  });

  const deviceUri = `spiffe://${REALM}/device/sensor/1`;
  it.each([
    ['a device', () => certificate(deviceUri, { serialNumber: serialAt(1, 8) }, ldevid), 'UNKNOWN_ISSUER'],
    ['a device of the root itself', () => certificate(deviceUri, {}, root), 'UNKNOWN_ISSUER'],
    [
      'a foreign CA of the same name',
      () => certificate('spiffe://x/gateway/a', {}, TestCa.root({ subject: 'Infrastructure CA' })),
      'BAD_SIGNATURE',
    ],
    ['a server', () => gateway({ extKeyUsage: [Oid.serverAuth] }), 'EXT_KEY_USAGE_MISSING'],
    ['one without extKeyUsage', () => gateway({ extKeyUsage: null }), 'EXT_KEY_USAGE_MISSING'],
    ['one that has ended', () => gateway({ notAfter: TEST_NOW - 1 }), 'CERT_EXPIRED'],
    ['one whose time is to come', () => gateway({ notBefore: TEST_NOW + 1 }), 'CERT_NOT_YET_VALID'],
    ['a seat beyond the lease', () => gateway({ serialNumber: serialAt(100) }), 'STATUS_UNKNOWN'],
    ['a seat of another issuer', () => gateway({ serialNumber: serialAt(1, 8) }), 'STATUS_UNKNOWN'],
    ['an unknown list', () => gateway({ serialNumber: serialAt(1, 99) }), 'STATUS_UNKNOWN'],
    ['a serial number without a seat', () => gateway({ serialNumber: Uint8Array.of(1) }), 'STATUS_UNKNOWN'],
    ['a status key', () => certificate(`spiffe://${REALM}/status/ca`), 'CERTIFICATE_NOT_GATEWAY'],
    ['a device by its URI', () => certificate(deviceUri), 'CERTIFICATE_NOT_GATEWAY'],
    ['one without an identity', () => gateway({ subjectAltName: null }), 'CERTIFICATE_NOT_GATEWAY'],
    ['an identity that is none', () => certificate(`spiffe://${REALM}/gateway/a/b`), 'IDENTITY_MALFORMED'],
    ['another realm', () => certificate('spiffe://other.test/gateway/gw-1'), 'REALM_FOREIGN'],
    ['garbage', () => ({ der: Uint8Array.of(48, 1, 2) }), 'CERTIFICATE_MALFORMED'],
  ])('is not %s', (_name, make, expected) => {
    expect(() => admit.run([make().der])).toThrow(code(expected));
  });

  it.each([
    ['revoked', 1, 'CERT_REVOKED'],
    ['suspended', 2, 'CERT_SUSPENDED'],
  ] as const)('is nobody whose certificate is %s', (_name, value, expected) => {
    setSeat(1, value);
    expect(() => admit.run([gateway().der])).toThrow(code(expected));
  });
});

describe('who was admitted', () => {
  it('stays so while nothing changes for the worse', () => {
    const admitted = admit.run([gateway().der]);
    setSeat(2, 1);
    expect(admit.refusalOf(admitted)).toBeUndefined();
    now = admitted.notAfter;
    expect(admit.refusalOf(admitted)).toBeUndefined();
  });

  it('does not once its certificate is suspended, revoked or over, or its list is gone', () => {
    const admitted = admit.run([gateway().der]);
    setSeat(1, 2);
    expect(admit.refusalOf(admitted)).toEqual(code('CERT_SUSPENDED'));
    setSeat(1, 0);
    expect(admit.refusalOf(admitted)).toBeUndefined();
    setSeat(1, 1);
    expect(admit.refusalOf(admitted)).toEqual(code('CERT_REVOKED'));
    now = admitted.notAfter + 1;
    expect(admit.refusalOf(admitted)).toEqual(code('CERT_EXPIRED'));
    now = admitted.notAfter;
    view.load({ position: { epoch: 2, sequence: 0 }, provenAt: now, lists: [], revocations: new Map() }, now);
    expect(admit.refusalOf(admitted)).toEqual(code('STATUS_UNKNOWN'));
  });
});
