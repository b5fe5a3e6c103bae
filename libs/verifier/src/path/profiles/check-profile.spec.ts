import {
  encodeElement,
  encodeImplicit,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  encodeUtf8String,
  fromHex,
  Oid,
  Tag,
} from '@touchmark/der';
import {
  encodeBasicConstraints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeGeneralName,
  encodeKeyUsage,
  encodeName,
  encodeNameConstraints,
} from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import {
  generateTestKey,
  TEST_NOW,
  TestCa,
  type TestCertificateOptions,
  testPolicyExtensions,
} from '@touchmark/testkit';

import { bySeat } from '../../revocation/seat-source.js';
import type { PathRequest } from '../path-request.js';
import type { Profile, ProfileRule } from './profile.js';
import { verifyPath } from '../verify-path.js';

const SAN: TestCertificateOptions = { subjectAltName: [{ kind: 'dNSName', value: 'a.example' }] };
const SERVER: TestCertificateOptions = { ...SAN, subject: 'a.example', extKeyUsage: [Oid.serverAuth] };

interface Deviations {
  readonly root?: TestCertificateOptions;
  readonly ca?: TestCertificateOptions;
  readonly leaf?: TestCertificateOptions;
}

/** What becomes of root, issuing CA and TLS server when they deviate. */
function verify(profile: Profile, deviations: Deviations, change: Partial<PathRequest> = {}): unknown {
  const root = TestCa.root({ subject: 'Root', ...deviations.root });
  const ca = root.issueCa({ subject: 'CA', ...deviations.ca });
  const result = verifyPath({
    chain: [ca.issueDer({ ...SERVER, ...deviations.leaf }), ca.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'server',
    requireExtKeyUsage: false,
    revocation: bySeat({ statusOf: () => 'valid' }),
    profile,
    ...change,
  });
  return result.ok ? 'accepted' : result.error.detail;
}

const extra = (oid: string, critical: boolean, value: Uint8Array): TestCertificateOptions => ({
  extraExtensions: [encodeExtension(oid, critical, value)],
});
const dns = (...names: readonly string[]): TestCertificateOptions => ({
  subjectAltName: names.map((value) => ({ kind: 'dNSName', value })),
});

const address = (hex: string, subject: string): TestCertificateOptions => ({
  subject,
  subjectAltName: [{ kind: 'iPAddress', value: fromHex(hex) }],
});

const looseBasicConstraints = extra(Oid.basicConstraints, false, encodeBasicConstraints({ cA: true }));

describe('profile rfc5280 refuses', () => {
  it.each<[ProfileRule, number, Deviations]>([
    ['authorityKeyIdentifier missing', 0, { leaf: { authorityKeyIdentifier: null } }],
    ['authorityKeyIdentifier missing', 1, { ca: { authorityKeyIdentifier: null } }],
    ['subjectKeyIdentifier missing', 1, { ca: { subjectKeyIdentifier: null } }],
    ['subjectKeyIdentifier missing', 2, { root: { subjectKeyIdentifier: null } }],
    ['basicConstraints not critical', 2, { root: { basicConstraints: null, ...looseBasicConstraints } }],
    ['keyCertSign without cA', 0, { leaf: { keyUsage: ['digitalSignature', 'keyCertSign'] } }],
    ['pathLenConstraint without keyCertSign', 0, { leaf: { basicConstraints: { cA: true, pathLenConstraint: 0 } } }],
    [
      'keyUsage not for key',
      0,
      { leaf: { key: generateTestKey('Ed25519'), keyUsage: ['digitalSignature', 'keyAgreement'] } },
    ],
    ['dNSName malformed', 0, { leaf: dns('foo_bar.example') }],
    ['dNSName malformed', 0, { leaf: dns('a.example', '.a.example') }],
    ['dNSName malformed', 1, { ca: dns(' ') }],
    [
      'policyConstraints not critical',
      1,
      { ca: extra(Oid.policyConstraints, false, encodeSequence(encodeImplicit(0, Uint8Array.of(3)))) },
    ],
    ['inhibitAnyPolicy not critical', 1, { ca: extra(Oid.inhibitAnyPolicy, false, encodeSmallInteger(1)) }],
  ])('%s at depth %d', (rule, depth, deviations) => {
    const detail = { code: 'PROFILE_VIOLATED', depth, profile: 'rfc5280', rule };
    expect(verify('rfc5280', deviations)).toEqual(detail);
    expect(verify('rfc5280-6.1', deviations)).toBe('accepted');
    expect(verify('web', deviations)).not.toBe('accepted');
  });

  it('an anchor without a name, which issues to nobody: no certificate names it as issuer', () => {
    const nameless = TestCa.root({
      subject: encodeName([]),
      issuer: encodeName([{ type: Oid.commonName, value: 'R' }]),
    });
    expect(() => nameless.issue()).toThrow(expect.objectContaining({ code: 'NAME_MALFORMED' }));
  });

  it('nameConstraints that are not critical, which web allows', () => {
    const permitted = [{ kind: 'dNSName', value: 'a.example' }] as const;
    const ca = extra(Oid.nameConstraints, false, encodeNameConstraints({ permitted }));
    const detail = { code: 'PROFILE_VIOLATED', depth: 1, profile: 'rfc5280', rule: 'nameConstraints not critical' };
    expect(verify('rfc5280', { ca })).toEqual(detail);
    expect(verify('rfc5280-6.1', { ca })).toBe('accepted');
    expect(verify('web', { ca })).toBe('accepted');
    expect(verify('web', { ca, leaf: { subject: 'b.example', ...dns('b.example') } })).toMatchObject({
      code: 'NAME_NOT_PERMITTED',
    });
  });

  it('keyUsage that does not go with the purpose of an extKeyUsage', () => {
    const refused = { code: 'KEY_USAGE_MISSING', depth: 0, needed: 'digitalSignature' };
    expect(verify('rfc5280', { leaf: { keyUsage: ['nonRepudiation'] } })).toEqual(refused);
    expect(verify('rfc5280', { leaf: { keyUsage: ['keyEncipherment'] } })).toBe('accepted');
    const client = { keyUsage: ['keyEncipherment'], extKeyUsage: [Oid.clientAuth] } as const;
    expect(verify('rfc5280', { leaf: client }, { purpose: 'client' })).toEqual(refused);
  });
});

describe('profile rfc5280 accepts', () => {
  it.each<[string, Deviations]>([
    ['a plain path', {}],
    ['a self-signed anchor without authorityKeyIdentifier', { root: { authorityKeyIdentifier: null } }],
    [
      'an intermediate CA with basicConstraints that are not critical',
      { ca: { basicConstraints: null, ...looseBasicConstraints } },
    ],
    [
      'a CA used as an end entity',
      { leaf: { basicConstraints: { cA: true }, keyUsage: ['keyCertSign'], extKeyUsage: null } },
    ],
    [
      'an end entity without keyUsage, extKeyUsage and subjectAltName',
      { leaf: { keyUsage: null, extKeyUsage: null, subjectAltName: null } },
    ],
    [
      'policyConstraints that are not critical beside policies, as PKITS has them',
      {
        ca: {
          extraExtensions: [
            ...testPolicyExtensions({ policies: ['1.2.3'] }),
            encodeExtension(Oid.policyConstraints, false, encodeSequence(encodeImplicit(0, Uint8Array.of(3)))),
          ],
        },
      },
    ],
    ['asterisks anywhere in a dNSName', { leaf: dns('*.a.example', 'b*.a.example') }],
  ])('%s', (_name, deviations) => {
    expect(verify('rfc5280', deviations)).toBe('accepted');
  });
});

describe('profile web refuses', () => {
  const twoNames = encodeName(['a.example', 'a.example'].map((value) => ({ type: Oid.commonName, value })));
  const issuerAndSerial = encodeSequence(
    encodeImplicit(0, Uint8Array.of(1)),
    Uint8Array.of(0xa1, 13, ...encodeGeneralName({ kind: 'dNSName', value: 'issuer.test' })),
    encodeImplicit(2, Uint8Array.of(1)),
  );

  it.each<[ProfileRule, number, Deviations]>([
    ['subjectAltName missing', 0, { leaf: { subjectAltName: null } }],
    ['subjectAltName critical', 0, { leaf: { subjectAltNameCritical: true } }],
    ['wildcard malformed', 0, { leaf: dns('*') }],
    ['wildcard malformed', 0, { leaf: dns('*.example') }],
    ['wildcard malformed', 0, { leaf: dns('b*.a.example') }],
    ['wildcard malformed', 0, { leaf: dns('b.*.a.example') }],
    ['commonName not in subjectAltName', 0, { leaf: { subject: 'A.example' } }],
    ['commonName not in subjectAltName', 0, { leaf: { subject: twoNames } }],
    ['commonName not in subjectAltName', 0, { leaf: address('c0a80101', '0xC0A80101') }],
    [
      'commonName not in subjectAltName',
      0,
      { leaf: address('20010db8000000010000000000000001', '2001:db8::1:0:0:0:1') },
    ],
    ['extKeyUsage missing', 0, { leaf: { extKeyUsage: null } }],
    [
      'extKeyUsage critical',
      0,
      { leaf: { extKeyUsage: null, ...extra(Oid.extKeyUsage, true, encodeExtKeyUsage([Oid.serverAuth])) } },
    ],
    ['extKeyUsage forbidden', 0, { leaf: { extKeyUsage: [Oid.serverAuth, Oid.anyExtendedKeyUsage] } }],
    ['extKeyUsage forbidden', 0, { leaf: { extKeyUsage: [Oid.serverAuth, '1.3.6.1.4.1.11129.2.4.4'] } }],
    ['extKeyUsage in root', 2, { root: { extKeyUsage: [Oid.serverAuth] } }],
    ['authorityKeyIdentifier form', 2, { root: { authorityKeyIdentifier: Uint8Array.of(1) } }],
    [
      'authorityKeyIdentifier form',
      2,
      { root: { authorityKeyIdentifier: null, ...extra(Oid.authorityKeyIdentifier, false, encodeSequence()) } },
    ],
    [
      'authorityKeyIdentifier form',
      1,
      { ca: { authorityKeyIdentifier: null, ...extra(Oid.authorityKeyIdentifier, false, issuerAndSerial) } },
    ],
    ['authorityInfoAccess malformed', 0, { leaf: extra(Oid.authorityInfoAccess, false, encodeUtf8String('no')) }],
  ])('%s at depth %d', (rule, depth, deviations) => {
    expect(verify('web', deviations)).toEqual({ code: 'PROFILE_VIOLATED', depth, profile: 'web', rule });
    expect(verify('rfc5280', deviations)).toBe('accepted');
    expect(verify('device', deviations)).toBe('accepted');
  });

  it('another version than 3, and a CA as an end entity', () => {
    const v1 = { version: 1, keyUsage: null, extKeyUsage: null, subjectAltName: null } as const;
    expect(verify('rfc5280', { leaf: v1 })).toMatchObject({ rule: 'authorityKeyIdentifier missing' });
    expect(verify('web', { leaf: { basicConstraints: { cA: true } } })).toEqual({ code: 'END_ENTITY_IS_CA', depth: 0 });
  });

  it.each([
    ['c0a80101', '192.168.1.1'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['00000000000000000000000000000000', '::'],
    ['fe800000000000000000000000000000', 'fe80::'],
  ])('no commonName that is the address %s as %s', (hex, subject) => {
    expect(verify('web', { leaf: address(hex, subject) })).toBe('accepted');
  });
});

describe('profile web accepts', () => {
  it('a plain path, wildcards above two labels, clientAuth beside serverAuth, an empty subject', () => {
    expect(verify('web', {})).toBe('accepted');
    expect(verify('web', { leaf: { subject: '*.a.example', ...dns('*.a.example') } })).toBe('accepted');
    expect(verify('web', { leaf: { extKeyUsage: [Oid.serverAuth, Oid.clientAuth] } })).toBe('accepted');
    expect(verify('web', { leaf: { subject: encodeName([]), subjectAltNameCritical: true } })).toBe('accepted');
  });

  it('a commonName of another kind than all names: the domain beside its wildcard, or beside an address', () => {
    expect(verify('web', { leaf: { subject: 'a.example', ...dns('*.a.example') } })).toBe('accepted');
    expect(verify('web', { leaf: address('7f000001', 'a.example') })).toBe('accepted');
  });
});

it('profile device has no rules beyond section 6.1 but its own: digitalSignature, and no CA as an end entity', () => {
  const deviations: Deviations = {
    root: { subjectKeyIdentifier: null, extKeyUsage: [Oid.serverAuth] },
    ca: { authorityKeyIdentifier: null, subjectKeyIdentifier: null },
    leaf: { ...dns('foo_bar'), subjectAltNameCritical: true, authorityKeyIdentifier: null },
  };
  expect(verify('device', deviations)).toBe('accepted');
  const loose = extra(Oid.keyUsage, true, encodeKeyUsage(['keyEncipherment']));
  expect(verify('device', { leaf: { keyUsage: null, ...loose } })).toMatchObject({ code: 'KEY_USAGE_MISSING' });
  expect(verify('device', { leaf: { basicConstraints: { cA: true } } })).toMatchObject({ code: 'END_ENTITY_IS_CA' });
});

it.each(['keyCertSign', 'cRLSign'] as const)('profile device refuses an end entity with %s', (usage) => {
  const leaf: TestCertificateOptions = { keyUsage: ['digitalSignature', usage] };
  expect(verify('device', { leaf })).toEqual({
    code: 'PROFILE_VIOLATED',
    depth: 0,
    profile: 'device',
    rule: `${usage} in end entity`,
  });
  expect(verify('rfc5280-6.1', { leaf })).toBe('accepted');
});

const named = (type: string, value: Uint8Array): TestCertificateOptions => ({
  subject: encodeSequence(encodeSetOf([encodeSequence(encodeOid(type), value)])),
});

describe('an attribute of the subject that is not what its string type says', () => {
  const wildcard = encodeElement(Tag.PRINTABLE_STRING, Buffer.from('*.a.example'));

  it('is no commonName of subjectAltName under web', () => {
    for (const value of [wildcard, encodeElement(Tag.UTF8_STRING, Uint8Array.of(0xff))]) {
      expect(verify('web', { leaf: named(Oid.commonName, value) })).toMatchObject({
        rule: 'commonName not in subjectAltName',
      });
    }
  });

  it('is not asked about where it is no commonName', () => {
    const value = encodeElement(Tag.PRINTABLE_STRING, Buffer.from('AT&T'));
    expect(verify('web', { leaf: named(Oid.organizationName, value) })).toBe('accepted');
  });
});

describe('serialNumbers', () => {
  it.each([
    ['zero', Uint8Array.of(0)],
    ['too long', new Uint8Array(21).fill(1)],
  ])('%s: refused, and read where any is asked for', (_name, serialNumber) => {
    const leaf = { serialNumber };
    expect(verify('rfc5280', { leaf })).toEqual({ code: 'CERTIFICATE_MALFORMED', depth: 0 });
    expect(verify('rfc5280', { leaf }, { serialNumbers: 'any' })).toBe('accepted');
  });
});

describe('maxDepth', () => {
  it('counts what stands between end entity and trust anchor', () => {
    expect(verify('device', {}, { maxDepth: 1 })).toBe('accepted');
    expect(verify('device', {}, { maxDepth: 0 })).toEqual({ code: 'PATH_TOO_LONG' });
    expect(verify('device', {}, { maxDepth: 255 })).toBe('accepted');
  });

  it.each([-1, 1.5, Number.NaN])('is no %d', (maxDepth) => {
    expect(() => verify('device', {}, { maxDepth })).toThrow(TypeError);
  });
});
