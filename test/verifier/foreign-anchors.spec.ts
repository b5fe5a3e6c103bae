import { equalBytes, Oid } from '@touchmark/der';
import { SeatValue } from '@touchmark/status-list';
import {
  generateTestKey,
  makeTestCrl,
  makeTestOcspResponse,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
} from '@touchmark/testkit';
import {
  type Accepted,
  CrlSource,
  Denylist,
  OcspSource,
  type RevocationSource,
  type TrustAnchorOptions,
  uncheckedRevocation,
  type Verifier,
  X509Error,
} from '@touchmark/verifier';
import { encodeExtension } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

const YEAR = 31_536_000;
// Names and keys of their own: what the vendor issues has no seats, and no URI of ours.
const vendor = TestCa.root({ subject: 'Vendor root' });
const factory = vendor.issueCa({ subject: 'Vendor factory' });
const device = factory.issue({ subject: 'Vendor device', extKeyUsage: null });
const sibling = factory.issue({ subject: 'Vendor device 2', extKeyUsage: null });

/** IDevIDs have no extKeyUsage. */
const terms = (more: Partial<TrustAnchorOptions> = {}): TrustAnchorOptions => ({
  certificate: vendor.der,
  requireExtKeyUsage: false,
  ...more,
});

async function openWith(gateway: TestGateway, ...anchors: readonly TrustAnchorOptions[]): Promise<Verifier> {
  return gateway.open({}, { trustAnchors: [gateway.status.root.der, ...anchors], intermediates: [factory.der] });
}

const ask = (verifier: Verifier, { der }: { der: Uint8Array }, at = TEST_NOW) =>
  verifier.verify([der], { at, purpose: 'client' });

function verdict(verifier: Verifier, certificate: { der: Uint8Array }, at = TEST_NOW): string {
  const answer = ask(verifier, certificate, at);
  return answer.ok ? 'accepted' : answer.error.code;
}

const withUri = (value: string): TestCertificate =>
  factory.issue({ subjectAltName: [{ kind: 'uniformResourceIdentifier', value }] });

function serverVerdict(verifier: Verifier, { der }: { der: Uint8Array }): string {
  const answer = verifier.verify([der], { at: TEST_NOW, purpose: 'server' });
  return answer.ok ? 'accepted' : answer.error.code;
}

function acceptedBy(verifier: Verifier, certificate: { der: Uint8Array }): Accepted {
  const answer = ask(verifier, certificate);
  if (!answer.ok) throw answer.error;
  return answer;
}

const crl = (ca: TestCa, thisUpdate: number, ...revoked: readonly { serialNumber: Uint8Array }[]): Uint8Array =>
  makeTestCrl(ca, {
    cRLNumber: BigInt(thisUpdate),
    thisUpdate,
    nextUpdate: TEST_NOW + 3600,
    entries: revoked.map(({ serialNumber }) => ({ serialNumber })),
  });

const twice = (verifier: Verifier, certificate: { der: Uint8Array }, at?: number): string[] =>
  [1, 2].map(() => verdict(verifier, certificate, at));

describe('a trust anchor with terms of its own', () => {
  it('is trusted beside ours, each by its own revocation', async () => {
    await using gateway = await TestGateway.start();
    const denylist = new Denylist();
    const verifier = await openWith(gateway, terms({ revocation: { sources: [denylist] } }));
    const ours = gateway.status.issueDevice('A-1');
    expect([verdict(verifier, device), verdict(verifier, ours)]).toEqual(['accepted', 'accepted']);
    const answer = acceptedBy(verifier, device);
    expect([answer.device, answer.path]).toEqual([undefined, [device.der, factory.der, vendor.der]]);
    expect(acceptedBy(verifier, ours).device).toMatchObject({ deviceSerial: 'A-1' });
  });

  it('without a revocation of its own is asked about by seats, which its certificates do not have', async () => {
    await using gateway = await TestGateway.start();
    expect(verdict(await openWith(gateway, terms({ identity: 'any' })), device)).toBe('STATUS_UNKNOWN');
  });

  it('cannot name a device of ours, however it writes the realm', async () => {
    await using gateway = await TestGateway.start();
    const verifier = await openWith(gateway, terms({ revocation: uncheckedRevocation }));
    const { realm } = gateway.status;
    const ours = [
      realm,
      realm.toUpperCase(),
      `x@${realm}:1`,
      `${realm}.`,
      `%${realm.codePointAt(0)?.toString(16)}${realm.slice(1)}`,
    ];
    const verdicts = ours.map((authority) => verdict(verifier, withUri(`SPIFFE://${authority}/device/m/A-1`)));
    expect(new Set(verdicts)).toEqual(new Set(['IDENTITY_MALFORMED']));
    const value = `spiffe://vendor.${realm}/device/m/A-1`;
    const answer = acceptedBy(verifier, withUri(value));
    expect([answer.device, answer.names?.uris]).toEqual([undefined, [value]]);
  });

  it('names devices as it likes, each by one name', async () => {
    await using gateway = await TestGateway.start();
    const verifier = await openWith(gateway, terms({ revocation: uncheckedRevocation }));
    const module = { kind: 'hardwareModuleName', hwType: '1.2.3', hwSerialNum: Uint8Array.of(1, 2) } as const;
    const named = factory.issue({ extKeyUsage: null, subjectAltName: [module] });
    expect(acceptedBy(verifier, named).names).toEqual({
      hardwareModuleName: { hwType: '1.2.3', hwSerialNum: Uint8Array.of(1, 2) },
      subjectSerialNumber: undefined,
      uris: [],
    });
    const ambiguous = factory.issue({ extKeyUsage: null, subjectAltName: [module, module] });
    expect(verdict(verifier, ambiguous)).toBe('IDENTITY_MALFORMED');
  });

  it('may be held to our URIs, those of the realm that it is bound to', async () => {
    await using gateway = await TestGateway.start();
    const spiffe = { revocation: uncheckedRevocation, identity: 'spiffe' } as const;
    await expect(openWith(gateway, terms(spiffe))).rejects.toThrow(TypeError);
    const verifier = await openWith(gateway, terms({ ...spiffe, realm: 'vendor.example' }));
    expect(verdict(verifier, device)).toBe('IDENTITY_MISSING');
    const { device: found } = acceptedBy(verifier, withUri('spiffe://vendor.example/device/m/A-1'));
    expect(found).toMatchObject({ realm: 'vendor.example', deviceSerial: 'A-1' });
    expect(twice(verifier, withUri(`spiffe://${gateway.status.realm}/device/m/A-1`))).toEqual([
      'IDENTITY_MALFORMED',
      'IDENTITY_MALFORMED',
    ]);
  });

  it('speaks for clients alone, unless it says that it has servers', async () => {
    await using gateway = await TestGateway.start();
    const dnsName = { kind: 'dNSName', value: 'vendor.example' } as const;
    const server = factory.issue({ extKeyUsage: [Oid.serverAuth], subjectAltName: [dnsName] });
    const client = factory.issue();
    const nameless = factory.issue({ extKeyUsage: null, subjectAltName: [dnsName] });
    const revocation = uncheckedRevocation;
    const plain = await openWith(gateway, terms({ revocation }));
    expect([serverVerdict(plain, server), verdict(plain, nameless)]).toEqual(['UNKNOWN_ISSUER', 'accepted']);
    const both = await openWith(gateway, terms({ revocation, purposes: ['client', 'server'] }));
    expect([serverVerdict(both, server), serverVerdict(both, nameless), verdict(both, nameless)]).toEqual([
      'accepted',
      'EXT_KEY_USAGE_MISSING',
      'accepted',
    ]);
    const servers = await openWith(gateway, terms({ revocation, purposes: ['server'] }));
    expect([serverVerdict(servers, server), verdict(servers, client)]).toEqual(['accepted', 'UNKNOWN_ISSUER']);
  });

  it('is there once, and a path can end at it', async () => {
    await using gateway = await TestGateway.start();
    const revocation = uncheckedRevocation;
    const twiceWithTerms = openWith(
      gateway,
      terms({ revocation }),
      terms({ revocation: { sources: [new Denylist()] } }),
    );
    await expect(twiceWithTerms).rejects.toThrow('a trust anchor is there twice');
    const open = (...trustAnchors: readonly Uint8Array[]): Promise<Verifier> => gateway.open({}, { trustAnchors });
    const { der } = gateway.status.root;
    await expect(open(der, factory.issue().der)).rejects.toThrow('no path can end at this trust anchor: NOT_A_CA');
    const extension = encodeExtension(Oid.nameConstraints, true, Uint8Array.of(4, 0));
    const unreadable = TestCa.root({ subject: 'Unreadable', extraExtensions: [extension] });
    await expect(open(der, unreadable.der)).rejects.toThrow(X509Error);
    expect(verdict(await open(der, der), gateway.status.issueDevice('A-1'))).toBe('accepted');
  });

  it('signs no status of ours', async () => {
    await using gateway = await TestGateway.start();
    const verifier = await openWith(gateway, terms({ revocation: uncheckedRevocation }));
    const at = TEST_NOW + 31;
    gateway.clock.now = at;
    // Our own knowledge is too old; that says nothing about who has no seat.
    await gateway.feed.close();
    expect(verdict(verifier, device, at)).toBe('accepted');
    expect(verdict(verifier, gateway.status.issueDevice('A-1'), at)).toBe('STATUS_STALE');
  });

  it('may accept what was valid when it was issued', async () => {
    await using gateway = await TestGateway.start();
    const dates = { notBefore: TEST_NOW - 5 * YEAR, notAfter: TEST_NOW - 2 * YEAR };
    const ended = vendor.issueCa({ subject: 'Vendor factory', key: factory.key, ...dates });
    const old = ended.issue({ extKeyUsage: null, notBefore: TEST_NOW - 3 * YEAR, notAfter: TEST_NOW + YEAR });
    const late = ended.issue({ extKeyUsage: null, notBefore: TEST_NOW - YEAR, notAfter: TEST_NOW + YEAR });
    const early = TestCa.root({
      subject: 'Vendor root',
      key: vendor.key,
      notBefore: TEST_NOW - 9 * YEAR,
      notAfter: TEST_NOW - YEAR,
    });
    const options = terms({ certificate: early.der, revocation: uncheckedRevocation });
    const trustAnchors = (validity: 'now' | 'when-issued') => [gateway.status.root.der, { ...options, validity }];
    const lenient = await gateway.open({}, { trustAnchors: trustAnchors('when-issued'), intermediates: [ended.der] });
    const strict = await gateway.open({}, { trustAnchors: trustAnchors('now'), intermediates: [ended.der] });
    expect(twice(lenient, old)).toEqual(['accepted', 'accepted']);
    expect(twice(lenient, old, TEST_NOW + YEAR + 1)).toEqual(['CERT_EXPIRED', 'CERT_EXPIRED']);
    expect(twice(lenient, late)).toEqual(['CERT_EXPIRED', 'CERT_EXPIRED']);
    expect(twice(strict, old)).toEqual(['CERT_EXPIRED', 'CERT_EXPIRED']);
  });

  it.each([{ revocation: { sources: [] } }, { identity: 'none' }, { validity: 'never' }, { profile: 'mine' }])(
    'TypeError for %j',
    async (wrong) => {
      await using gateway = await TestGateway.start();
      const options: TrustAnchorOptions = Object.assign(terms(), wrong);
      await expect(openWith(gateway, options)).rejects.toThrow(TypeError);
    },
  );
});

/** A verifier that trusts the vendor beside us, and what it says of a device of ours that comes with the vendor's cross certificate. */
async function crossCertified(gateway: TestGateway, identity: 'spiffe' | 'any') {
  const { ldevid } = gateway.status;
  const subject = 'Status test LDevID CA';
  const cross = vendor.issueCa({ subject, key: ldevid.key });
  expect(cross.certificate.subject).toEqual(ldevid.certificate.subject);
  const sources = [new Denylist()];
  const realm = identity === 'spiffe' ? { realm: gateway.status.realm } : {};
  const verifier = await openWith(gateway, terms({ identity, ...realm, revocation: { sources } }));
  const judge = (leaf: { der: Uint8Array }): string => {
    const answer = verifier.verify([leaf.der, cross.der], { at: TEST_NOW, purpose: 'client' });
    return answer.ok ? `accepted ${answer.device?.deviceSerial}` : answer.error.code;
  };
  return { verifier, judge };
}

describe('a CA of another that certifies a CA of ours', () => {
  it.each(['spiffe', 'any'] as const)(
    'gives back no seat that is lost, and makes no other of who has one: %s',
    async (identity) => {
      await using gateway = await TestGateway.start();
      const [lost, held] = ['A-1', 'A-2'].map((serial) => gateway.status.issueDevice(serial));
      if (lost === undefined || held === undefined) throw new Error('two devices');
      gateway.status.change(lost, SeatValue.invalid);
      gateway.status.change(held, SeatValue.suspended);
      const { verifier, judge } = await crossCertified(gateway, identity);
      expect([judge(lost), judge(held)]).toEqual(['CERT_REVOKED', 'CERT_SUSPENDED']);
      gateway.feed.send('batch', gateway.status.change(held, SeatValue.valid));
      await gateway.caughtUp(verifier);
      expect([judge(lost), judge(held), verdict(verifier, lost)]).toEqual([
        'CERT_REVOKED',
        'accepted A-2',
        'CERT_REVOKED',
      ]);
    },
  );
});

describe('what was accepted once is judged anew', () => {
  it('by a CRL that came later, an OCSP response and a denylist', async () => {
    await using gateway = await TestGateway.start();
    const crls = new CrlSource();
    crls.add(crl(vendor, TEST_NOW - 100));
    crls.add(crl(factory, TEST_NOW - 100));
    const responses = new OcspSource();
    const denylist = new Denylist();
    const verifier = await openWith(gateway, terms({ revocation: { sources: [crls, responses, denylist] } }));
    expect([verdict(verifier, device), verdict(verifier, device)]).toEqual(['accepted', 'accepted']);

    crls.add(crl(factory, TEST_NOW - 50, device.certificate));
    expect([verdict(verifier, device), verdict(verifier, sibling)]).toEqual(['CERT_REVOKED', 'accepted']);

    const status = { revocationTime: TEST_NOW - 10 };
    responses.add(makeTestOcspResponse({ issuer: factory, responses: [{ of: sibling, status }] }));
    expect(verdict(verifier, sibling)).toBe('CERT_REVOKED');

    const third = factory.issue({ extKeyUsage: null });
    expect(verdict(verifier, third)).toBe('accepted');
    denylist.set([{ issuer: vendor.certificate.subject, serialNumber: factory.certificate.serialNumber }]);
    expect(verdict(verifier, third)).toBe('CERT_REVOKED');
    denylist.set([]);
    expect(verdict(verifier, third)).toBe('accepted');
  });

  it('by the age of what its sources know', async () => {
    await using gateway = await TestGateway.start();
    const crls = new CrlSource();
    crls.add(crl(vendor, TEST_NOW - 100));
    crls.add(crl(factory, TEST_NOW - 100));
    const verifier = await openWith(gateway, terms({ revocation: { sources: [crls] } }));
    const times = [0, 3600, 7200].map((seconds) => verdict(verifier, device, TEST_NOW + seconds));
    expect(times).toEqual(['accepted', 'accepted', 'STATUS_UNKNOWN']);
  });

  it('by the dates of everything above it', async () => {
    await using gateway = await TestGateway.start();
    const short = vendor.issueCa({ subject: 'Vendor short', notAfter: TEST_NOW + 10 });
    const { der } = short.issue({ extKeyUsage: null });
    const verifier = await openWith(gateway, terms({ revocation: uncheckedRevocation }));
    const judge = (at: number): string => {
      const answer = verifier.verify([der, short.der], { at, purpose: 'client' });
      return answer.ok ? 'accepted' : answer.error.code;
    };
    expect([TEST_NOW, TEST_NOW + 10, TEST_NOW + 11, TEST_NOW].map(judge)).toEqual([
      'accepted',
      'accepted',
      'CERT_EXPIRED',
      'accepted',
    ]);
  });

  it('finds another path when the one it knew has fallen', async () => {
    await using gateway = await TestGateway.start();
    const key = generateTestKey();
    const [one, two] = [1, 2].map((number) =>
      vendor.issueCa({ subject: 'Vendor twin', key, serialNumber: Uint8Array.of(number) }),
    );
    if (one === undefined || two === undefined) throw new Error('two CAs');
    const { der } = one.issue({ extKeyUsage: null });
    const denylist = new Denylist();
    const verifier = await openWith(gateway, terms({ revocation: { sources: [denylist] } }));
    const serialOfPath = (): number | undefined => {
      const answer = verifier.verify([der, one.der, two.der], { at: TEST_NOW, purpose: 'client' });
      if (!answer.ok) throw answer.error;
      return [one, two].findIndex((ca) => Buffer.compare(ca.der, answer.path[1] ?? new Uint8Array()) === 0);
    };
    const first = serialOfPath();
    const fallen = first === 0 ? one : two;
    denylist.set([{ issuer: vendor.certificate.subject, serialNumber: fallen.certificate.serialNumber }]);
    expect(serialOfPath()).toBe(first === 0 ? 1 : 0);
  });

  it('and a chain that failed is nothing that is known', async () => {
    await using gateway = await TestGateway.start();
    const denylist = new Denylist([
      { issuer: factory.certificate.subject, serialNumber: device.certificate.serialNumber },
    ]);
    const verifier = await openWith(gateway, terms({ revocation: { sources: [denylist] } }));
    const forged = (options: TestCertificateOptions): { der: Uint8Array } =>
      factory.issue({ extKeyUsage: null, ...options });
    const stranger = generateTestKey();
    expect([1, 2].map(() => verdict(verifier, device))).toEqual(['CERT_REVOKED', 'CERT_REVOKED']);
    const other = forged({ signingKey: stranger });
    expect([1, 2].map(() => verdict(verifier, other))).toEqual(['BAD_SIGNATURE', 'BAD_SIGNATURE']);
  });
});

interface Connection {
  destroy(): void;
  readonly ended: Promise<void>;
}

function connection(): Connection {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return { destroy: resolve, ended };
}

describe('octets of the caller', () => {
  it('decide nothing once they were judged', async () => {
    await using gateway = await TestGateway.start();
    const crls = new CrlSource();
    for (const ca of [vendor, factory]) crls.add(crl(ca, TEST_NOW - 100));
    const trustAnchors = [gateway.status.root.der, terms({ revocation: { sources: [crls] } })];
    const verifier = await gateway.open({}, { trustAnchors });
    const received = Uint8Array.from(factory.der);
    const judge = (ca: Uint8Array): string => {
      const answer = verifier.verify([device.der, ca], { at: TEST_NOW, purpose: 'client' });
      return answer.ok ? 'accepted' : answer.error.code;
    };
    expect(judge(received)).toBe('accepted');
    received.fill(1);
    crls.add(crl(vendor, TEST_NOW - 50, factory.certificate));
    expect(judge(factory.der)).toBe('CERT_REVOKED');
  });
});

describe('track', () => {
  it.each(['CRL', 'denylist'])('ends a connection when a %s names its certificate', async (kind) => {
    await using gateway = await TestGateway.start();
    const [crls, denylist] = [new CrlSource(), new Denylist()];
    crls.add(crl(vendor, TEST_NOW - 100));
    crls.add(crl(factory, TEST_NOW - 100));
    const verifier = await openWith(gateway, terms({ revocation: { sources: [crls, denylist] } }));
    const [lost, kept] = [connection(), connection()];
    verifier.track(lost, acceptedBy(verifier, device));
    let keptEnded = false;
    verifier.track(
      {
        destroy: () => {
          keptEnded = true;
          kept.destroy();
        },
      },
      acceptedBy(verifier, sibling),
    );
    if (kind === 'CRL') crls.add(crl(factory, TEST_NOW - 50, device.certificate));
    else denylist.set([{ issuer: factory.certificate.subject, serialNumber: device.certificate.serialNumber }]);
    await lost.ended;
    expect([keptEnded, gateway.events.at(-1)]).toEqual([false, { type: 'connection-ended', code: 'CERT_REVOKED' }]);
  });

  it('ends at once a connection whose certificate has fallen meanwhile', async () => {
    await using gateway = await TestGateway.start();
    const denylist = new Denylist();
    const verifier = await openWith(gateway, terms({ revocation: { sources: [denylist] } }));
    const answer = acceptedBy(verifier, device);
    denylist.set([{ issuer: factory.certificate.subject, serialNumber: device.certificate.serialNumber }]);
    let ended = false;
    verifier.track(
      {
        destroy: () => {
          ended = true;
        },
      },
      answer,
    );
    expect(ended).toBe(true);
  });

  it('keeps a connection whose CRL is signed by a certificate that came with the chain, as its issuer did', async () => {
    await using gateway = await TestGateway.start();
    const crls = new CrlSource();
    const signer = factory.issue({ subject: 'Vendor line', keyUsage: ['cRLSign'], extKeyUsage: null });
    const line = factory.issueCa({ subject: 'Vendor line' });
    const leaf = line.issue({ extKeyUsage: null });
    for (const ca of [vendor, factory]) crls.add(crl(ca, TEST_NOW - 100));
    crls.add(makeTestCrl(signer, { cRLNumber: 1n, thisUpdate: TEST_NOW - 100, nextUpdate: TEST_NOW + 3600 }));
    const trustAnchors = [gateway.status.root.der, terms({ revocation: { sources: [crls] } })];
    const verifier = await gateway.open({}, { trustAnchors });
    const chain = [leaf, line, factory, signer].map(({ der }) => der);
    const answer = verifier.verify(chain, { at: TEST_NOW, purpose: 'client' });
    if (!answer.ok) throw answer.error;
    let ended = false;
    verifier.track({ destroy: () => (ended = true) }, answer);
    expect([ended, verdict(verifier, leaf)]).toEqual([false, 'accepted']);
  });

  it('ends a connection about which a source throws, and looks at the others', async () => {
    await using gateway = await TestGateway.start();
    const denylist = new Denylist();
    const cause = new RangeError('of the source');
    let isBroken = false;
    const source: RevocationSource = {
      kind: 'crl',
      find({ subject }) {
        if (isBroken && equalBytes(subject.serialNumber, device.certificate.serialNumber)) throw cause;
        return { status: 'good' };
      },
    };
    const verifier = await openWith(gateway, terms({ revocation: { sources: [source, denylist] } }));
    const [first, second] = [connection(), connection()];
    verifier.track(first, acceptedBy(verifier, device));
    verifier.track(second, acceptedBy(verifier, sibling));
    denylist.set([{ issuer: factory.certificate.subject, serialNumber: sibling.certificate.serialNumber }]);
    isBroken = true;
    await Promise.all([first.ended, second.ended]);
    expect(gateway.events.filter(({ type }) => type.endsWith('ed') && type !== 'connected')).toEqual([
      { type: 'source-failed', cause },
      { type: 'connection-ended', code: 'STATUS_UNKNOWN' },
      { type: 'connection-ended', code: 'CERT_REVOKED' },
    ]);
  });
});
