import { createHash } from 'node:crypto';

import { encodeNull, encodeSequence, Oid, toHex } from '@touchmark/der';
import { encodeExtension, encodeName, encodePem, encodeSignatureAlgorithm } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import {
  fixedKey,
  generateTestKey,
  hostileVariant,
  OpensslFolder,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
} from '@touchmark/testkit';

import type { VerifierErrorDetail } from '../error.js';
import { bySeat } from '../revocation/seat-source.js';
import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { CertificateStatus } from '../revocation/status-port.js';
import type { PathRequest } from './path-request.js';
import { PROFILES } from './profiles/profile.js';
import { verifyPath } from './verify-path.js';

const valid = bySeat({ statusOf: () => 'valid' });
const root = TestCa.root({ subject: 'Root' });
const issuing = root.issueCa({ subject: 'LDevID CA', basicConstraints: { cA: true, pathLenConstraint: 0 } });
const leaf = issuing.issue();

function verify(change: Partial<PathRequest> = {}): ReturnType<typeof verifyPath> {
  return verifyPath({
    chain: [leaf.der],
    trustAnchors: [root.certificate],
    intermediates: [issuing.certificate],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: valid,
    // no test depends on how busy the machine is
    monotonic: () => 0,
    ...change,
  });
}

function refusal(change: Partial<PathRequest> = {}): VerifierErrorDetail | 'accepted' {
  const result = verify(change);
  return result.ok ? 'accepted' : result.error.detail;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Refusal of a leaf that deviates, under the plain hierarchy. */
function refusalOfLeaf(
  options: TestCertificateOptions,
  change: Partial<PathRequest> = {},
): VerifierErrorDetail | 'accepted' {
  return refusal({ chain: [issuing.issueDer(options)], ...change });
}

/** Refusal of a plain leaf under an issuing CA that deviates. */
function refusalUnder(
  options: TestCertificateOptions,
  change: Partial<PathRequest> = {},
): VerifierErrorDetail | 'accepted' {
  const ca = root.issueCa(options);
  return refusal({ chain: [ca.issue().der, ca.der], intermediates: [], ...change });
}

function seats(of: (issuer: string, serial: string) => CertificateStatus): RevocationPolicy {
  return bySeat({ statusOf: (issuer, serial) => of(toHex(issuer), toHex(serial)) });
}

/** The same octets in every run, so that a seed means the same variants. */
function fixedChain(): { anchor: TestCa; ca: TestCa; end: TestCertificate } {
  const anchor = TestCa.root({ key: fixedKey(1), serialNumber: Uint8Array.of(1), subject: 'Root' });
  const ca = anchor.issueCa({ key: fixedKey(2), serialNumber: Uint8Array.of(2), subject: 'CA' });
  return { anchor, ca, end: ca.issue({ key: fixedKey(3), serialNumber: Uint8Array.of(3) }) };
}

const critical = encodeExtension('1.2.3', true, encodeNull());

describe('verifyPath accepts', () => {
  it('a leaf alone whose issuing CA is known, and answers the path to the anchor', () => {
    const result = verify();
    if (!result.ok) throw result.error;
    expect(result.leaf).toEqual(leaf.certificate);
    expect(result.path.map((c) => toHex(c.der))).toEqual([leaf.der, issuing.der, root.der].map(toHex));
  });

  it('a chain in any order, with certificates that do not belong to it, or no certificates', () => {
    const stranger = TestCa.root({ subject: 'Stranger' });
    const chain = [leaf.der, Uint8Array.of(1, 2, 3), stranger.der, root.der, issuing.der];
    expect(refusal({ chain, intermediates: [] })).toBe('accepted');
  });

  it('what openssl accepts', () => {
    using folder = new OpensslFolder();
    folder.write('root.pem', encodePem('CERTIFICATE', root.der));
    folder.write('issuing.pem', encodePem('CERTIFICATE', issuing.der));
    folder.write('leaf.pem', encodePem('CERTIFICATE', leaf.der));
    const options = ['-x509_strict', '-purpose', 'sslclient', '-attime', String(TEST_NOW)];
    const files = ['-CAfile', 'root.pem', '-untrusted', 'issuing.pem', 'leaf.pem'];
    expect(folder.run('verify', ...options, ...files)).toContain('leaf.pem: OK');
    expect(refusal()).toBe('accepted');
  });

  it.each(['EC P-384', 'EC P-521', 'Ed25519', 'RSA'] as const)('a %s root', (kind) => {
    const other = TestCa.root({ key: generateTestKey(kind) });
    expect(refusal({ chain: [other.issue().der], trustAnchors: [other.certificate] })).toBe('accepted');
  });

  it('the first and the last second of validity, and no other', () => {
    const { notBefore, notAfter } = leaf.certificate;
    expect(refusal({ at: notBefore })).toBe('accepted');
    expect(refusal({ at: notAfter })).toBe('accepted');
    expect(refusal({ at: notAfter + 0.999 })).toBe('accepted');
    expect(refusal({ at: notBefore - 0.001 })).toMatchObject({ code: 'CERT_NOT_YET_VALID', depth: 0 });
  });

  it('an IDevID without extKeyUsage where none is required, an unknown extension that is not critical, critical policies', () => {
    const extraExtensions = [encodeExtension('1.2.3', false, encodeNull())];
    const options = { extKeyUsage: null, keyUsage: null, extraExtensions };
    expect(refusalOfLeaf(options, { requireExtKeyUsage: false })).toBe('accepted');
  });

  it('an empty subject with a critical subjectAltName', () => {
    const subjectAltName = [{ kind: 'dNSName', value: 'a' }] as const;
    const options = { subject: encodeName([]), subjectAltName, subjectAltNameCritical: true };
    expect(refusalOfLeaf(options)).toBe('accepted');
  });

  it('self-issued CA certificates beyond pathLenConstraint, which does not count them', () => {
    const capped = root.issueCa({ subject: 'Capped', basicConstraints: { cA: true, pathLenConstraint: 0 } });
    const rolled = capped.issueCa({ subject: 'Capped' });
    expect(refusal({ chain: [rolled.issue().der, rolled.der, capped.der] })).toBe('accepted');
  });

  it('an OCSP delegate below a CA that is bounded to clientAuth', () => {
    const bounded = root.issueCa({ extKeyUsage: [Oid.clientAuth] });
    const delegate = bounded.issue({ extKeyUsage: [Oid.OCSPSigning] });
    const change: Partial<PathRequest> = { purpose: 'ocsp', requireExtKeyUsage: false };
    expect(refusal({ chain: [delegate.der, bounded.der], ...change })).toBe('accepted');
    expect(refusal({ chain: [bounded.issue({ extKeyUsage: null }).der, bounded.der], ...change })).toMatchObject({
      code: 'EXT_KEY_USAGE_MISSING',
      needed: Oid.OCSPSigning,
    });
  });

  it('a path beside an expired CA certificate of the same name and key', () => {
    const key = generateTestKey();
    const expired = root.issueCa({ subject: 'Twin', key, notAfter: TEST_NOW - 1 });
    const current = root.issueCa({ subject: 'Twin', key });
    const { der } = current.issue();
    expect(refusal({ chain: [der, expired.der, current.der] })).toBe('accepted');
    expect(refusal({ chain: [der, expired.der] })).toMatchObject({ code: 'CERT_EXPIRED', depth: 1 });
  });

  it('a path through CAs that certify each other in a circle', () => {
    const a = root.issueCa({ subject: 'A' });
    const b = a.issueCa({ subject: 'B' });
    const aByB = b.issueCa({ subject: 'A', key: a.key });
    expect(refusal({ chain: [b.issue().der, aByB.der, b.der, a.der] })).toBe('accepted');
  });

  it('any purpose, server and client each for their own', () => {
    const server = issuing.issue({ extKeyUsage: [Oid.serverAuth] });
    expect(refusal({ chain: [server.der], purpose: 'server' })).toBe('accepted');
    expect(refusal({ chain: [server.der], purpose: 'any' })).toBe('accepted');
    expect(refusal({ chain: [server.der] })).toMatchObject({ code: 'EXT_KEY_USAGE_MISSING', depth: 0 });
  });
});

describe('verifyPath refuses, with one deviation', () => {
  it('no certificate at all', () => {
    expect(refusal({ chain: [] })).toEqual({ code: 'CERTIFICATE_MISSING' });
  });

  it.each<[string, readonly Uint8Array[]]>([
    ['11 certificates', Array.from({ length: 11 }, () => leaf.der)],
    ['one of more than 16 KiB', [leaf.der, new Uint8Array(16_385)]],
    ['more than 64 KiB', [leaf.der, ...Array.from({ length: 4 }, () => new Uint8Array(16_384))]],
  ])('a chain of %s', (_name, chain) => {
    expect(refusal({ chain })).toEqual({ code: 'CHAIN_TOO_LARGE' });
  });

  it('octets that are no certificate, and keeps what the reader said', () => {
    const result = verify({ chain: [Uint8Array.of(0x30, 0)] });
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'CERTIFICATE_MALFORMED', cause: { code: 'CERTIFICATE_MALFORMED' } },
    });
  });

  it.each<[string, TestCertificateOptions]>([
    ['a malformed extension', { extraExtensions: [encodeExtension(Oid.basicConstraints, true, encodeNull())] }],
    [
      'a subjectAltName of no name',
      { extraExtensions: [encodeExtension(Oid.subjectAltName, false, encodeSequence())] },
    ],
    ['serial number 0', { serialNumber: Uint8Array.of(0) }],
    ['another signature algorithm inside', { innerSignatureAlgorithm: encodeSignatureAlgorithm('ed25519') }],
  ])('a leaf with %s', (_name, options) => {
    expect(refusalOfLeaf(options)).toEqual({ code: 'CERTIFICATE_MALFORMED', depth: 0 });
  });

  it('an unknown issuer, of the leaf and further up', () => {
    const other = TestCa.root({ subject: 'Other' });
    const below = other.issueCa({ subject: 'Below' });
    expect(refusal({ chain: [other.issue().der] })).toEqual({ code: 'UNKNOWN_ISSUER', depth: 0 });
    expect(refusal({ chain: [below.issue().der, below.der] })).toEqual({ code: 'UNKNOWN_ISSUER', depth: 1 });
    expect(refusal({ trustAnchors: [] })).toEqual({ code: 'UNKNOWN_ISSUER', depth: 1 });
  });

  it('a self-signed leaf, even one with the name of a CA', () => {
    const { certificate } = issuing;
    const own = TestCa.root({ subject: certificate.subject, basicConstraints: null, keyUsage: null });
    expect(refusal({ chain: [own.der], requireExtKeyUsage: false })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
  });

  it('a signature by another key under the issuer’s name, on the leaf and on the CA', () => {
    expect(refusalOfLeaf({ signingKey: generateTestKey() })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
    expect(refusalUnder({ signingKey: generateTestKey() })).toEqual({ code: 'BAD_SIGNATURE', depth: 1 });
  });

  it('a changed octet in the signed part', () => {
    const { der } = issuing.issue({ subject: 'device-A' });
    const at = Buffer.from(der).indexOf('device-A');
    expect(refusal({ chain: [der.with(at + 7, 0x42)] })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
  });

  it('an unknown critical extension, anywhere', () => {
    const extraExtensions = [critical];
    const detail = { code: 'EXTENSION_UNSUPPORTED', oid: '1.2.3' };
    expect(refusalOfLeaf({ extraExtensions })).toEqual({ ...detail, depth: 0 });
    expect(refusalUnder({ extraExtensions })).toEqual({ ...detail, depth: 1 });
    const anchor = TestCa.root({ extraExtensions });
    expect(refusal({ chain: [anchor.issue().der], trustAnchors: [anchor.certificate] })).toEqual({
      ...detail,
      depth: 1,
    });
  });

  it('an empty subject without a critical subjectAltName', () => {
    const subjectAltName = [{ kind: 'dNSName', value: 'a' }] as const;
    expect(refusalOfLeaf({ subject: encodeName([]), subjectAltName })).toEqual({ code: 'SUBJECT_MISSING', depth: 0 });
  });

  it('a time outside of validity, anywhere, and says which', () => {
    const at = TEST_NOW;
    const notAfter = TEST_NOW - 1;
    const notBefore = TEST_NOW + 1;
    expect(refusalOfLeaf({ notAfter })).toEqual({ code: 'CERT_EXPIRED', depth: 0, notAfter, at });
    expect(refusalOfLeaf({ notBefore })).toEqual({ code: 'CERT_NOT_YET_VALID', depth: 0, notBefore, at });
    expect(refusalUnder({ notAfter })).toEqual({ code: 'CERT_EXPIRED', depth: 1, notAfter, at });
    expect(refusalUnder({ notBefore })).toEqual({ code: 'CERT_NOT_YET_VALID', depth: 1, notBefore, at });
    const anchor = TestCa.root({ notAfter });
    const change = { chain: [anchor.issue().der], trustAnchors: [anchor.certificate] };
    expect(refusal(change)).toEqual({ code: 'CERT_EXPIRED', depth: 1, notAfter, at });
  });

  it.each<[string, TestCertificateOptions]>([
    ['without basicConstraints', { basicConstraints: null }],
    ['with cA FALSE', { basicConstraints: { cA: false } }],
    ['of version 1', { version: 1, basicConstraints: null, keyUsage: null }],
  ])('an issuer %s', (_name, options) => {
    expect(refusalUnder(options)).toEqual({ code: 'NOT_A_CA', depth: 1 });
  });

  it('a leaf that issues', () => {
    const { der, key, certificate }: TestCertificate = leaf;
    const pretender = TestCa.root({ key, subject: certificate.subject });
    expect(refusal({ chain: [pretender.issue().der, der] })).toEqual({ code: 'NOT_A_CA', depth: 1 });
  });

  it('a CA certificate as end entity', () => {
    expect(refusal({ chain: [issuing.der], purpose: 'any', requireExtKeyUsage: false })).toEqual({
      code: 'END_ENTITY_IS_CA',
      depth: 0,
    });
  });

  it('keyUsage without what is needed', () => {
    const code = 'KEY_USAGE_MISSING';
    expect(refusalUnder({ keyUsage: ['cRLSign'] })).toEqual({ code, depth: 1, needed: 'keyCertSign' });
    expect(refusalOfLeaf({ keyUsage: ['keyAgreement'] })).toEqual({ code, depth: 0, needed: 'digitalSignature' });
  });

  it('extKeyUsage without the purpose, anywhere; anyExtendedKeyUsage does not help a leaf', () => {
    const detail = { code: 'EXT_KEY_USAGE_MISSING', needed: Oid.clientAuth };
    expect(refusalOfLeaf({ extKeyUsage: [Oid.serverAuth] })).toEqual({ ...detail, depth: 0 });
    expect(refusalOfLeaf({ extKeyUsage: [Oid.anyExtendedKeyUsage] })).toEqual({ ...detail, depth: 0 });
    expect(refusalOfLeaf({ extKeyUsage: null })).toEqual({ ...detail, depth: 0 });
    expect(refusalUnder({ extKeyUsage: [Oid.serverAuth] })).toEqual({ ...detail, depth: 1 });
    expect(refusalUnder({ extKeyUsage: [Oid.anyExtendedKeyUsage] })).toBe('accepted');
  });

  it('more CAs than pathLenConstraint allows, of an intermediate and of the anchor', () => {
    const below = issuing.issueCa({ subject: 'Below' });
    const code = 'PATH_LEN_EXCEEDED';
    expect(refusal({ chain: [below.issue().der, below.der] })).toEqual({ code, depth: 2, pathLenConstraint: 0 });
    const anchor = TestCa.root({ basicConstraints: { cA: true, pathLenConstraint: 0 } });
    const ca = anchor.issueCa();
    const change = { chain: [ca.issue().der, ca.der], trustAnchors: [anchor.certificate] };
    expect(refusal(change)).toEqual({ code, depth: 2, pathLenConstraint: 0 });
  });

  it('a path of nine certificates above the leaf, and takes eight', () => {
    let ca = root;
    const chain: Uint8Array[] = [];
    for (let i = 1; i <= 8; i++) {
      ca = ca.issueCa({ subject: `CA ${i}` });
      chain.unshift(ca.der);
      const outcome = refusal({ chain: [ca.issue().der, ...chain] });
      expect(outcome).toEqual(i < 8 ? 'accepted' : { code: 'PATH_TOO_LONG' });
    }
  });
});

describe('verifyPath and status', () => {
  const serial = toHex(leaf.certificate.serialNumber);
  const caSerial = toHex(issuing.certificate.serialNumber);

  it('asks for every certificate below the anchor, by its issuer’s key', () => {
    const asked: [string, string][] = [];
    verify({ revocation: seats((...question) => (asked.push(question), 'valid')) });
    expect(asked).toEqual([
      [sha256(issuing.key.subjectPublicKeyInfo), serial],
      [sha256(root.key.subjectPublicKeyInfo), caSerial],
    ]);
  });

  it.each([
    ['invalid', 'CERT_REVOKED'],
    ['suspended', 'CERT_SUSPENDED'],
    ['unknown', 'STATUS_UNKNOWN'],
  ] as const)('%s refuses, for leaf and CA', (status, code) => {
    const of = (which: string): RevocationPolicy => seats((_, asked) => (asked === which ? status : 'valid'));
    const { serialNumber } = leaf.certificate;
    expect(refusal({ revocation: of(serial) })).toMatchObject({ code, depth: 0, serialNumber });
    expect(refusal({ revocation: of(caSerial) })).toMatchObject({ code, depth: 1 });
  });

  it('answers what says most when several are refused', () => {
    const revocation = seats((_, asked) => (asked === serial ? 'unknown' : 'invalid'));
    expect(refusal({ revocation })).toMatchObject({ code: 'CERT_REVOKED', depth: 1 });
  });

  it('is not asked about what nobody signed', () => {
    const revocation = seats(() => {
      throw new Error('asked');
    });
    const chain = [issuing.issueDer({ signingKey: generateTestKey() })];
    expect(refusal({ chain, revocation })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
    expect(() => refusal({ revocation })).toThrow('asked');
  });

  it('a CA certificate that is revoked is passed round where another of the same key is good', () => {
    const key = generateTestKey();
    const [bad, good] = [root.issueCa({ subject: 'Twin', key }), root.issueCa({ subject: 'Twin', key })];
    const badSerial = toHex(bad.certificate.serialNumber);
    const revocation = seats((_, asked) => (asked === badSerial ? 'invalid' : 'valid'));
    const { der } = good.issue();
    expect(refusal({ chain: [der, bad.der, good.der], revocation })).toBe('accepted');
    expect(refusal({ chain: [der, bad.der], revocation })).toMatchObject({ code: 'CERT_REVOKED', depth: 1 });
  });
});

describe('verifyPath under attack', () => {
  it('stops at its budget when CAs of one name cross-sign each other', () => {
    const keys = Array.from({ length: 9 }, () => generateTestKey('EC P-384'));
    const lost = TestCa.root({ subject: 'Maze', key: keys[0]! });
    const maze = keys.map((key, i) => lost.issueCa({ subject: 'Maze', key, signingKey: keys[(i + 1) % keys.length]! }));
    const end = lost.issue();
    const detail = refusal({
      chain: [end.der, ...maze.map(({ der }) => der)],
      intermediates: maze.map((ca) => ca.certificate),
    });
    expect(detail).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: 'signatures', limit: 300 });
  });

  it.each(PROFILES)('refuses every hostile variant of a leaf under %s, and throws nothing', (profile) => {
    const { anchor, ca, end } = fixedChain();
    const trustAnchors = [anchor.certificate];
    const original = toHex(end.der);
    const variants = Array.from({ length: 400 }, (_, n) => hostileVariant(end.der, 23, n)).filter(
      (der) => toHex(der) !== original,
    );
    const accepted = variants.filter(
      (der) => verify({ chain: [der, ca.der], trustAnchors, intermediates: [], profile }).ok,
    );
    expect(accepted.map(toHex)).toEqual([]);
    expect(variants.length).toBeGreaterThan(300);
  });

  it('is not led astray by hostile variants of a CA certificate', () => {
    const { anchor, ca, end } = fixedChain();
    const trustAnchors = [anchor.certificate];
    for (let i = 0; i < 300; i++) {
      const chain = [end.der, hostileVariant(ca.der, 29, i)];
      const result = verify({ chain, trustAnchors, intermediates: [] });
      const over = result.ok ? toHex(result.path[1]!.der) : result.error.name;
      expect([toHex(ca.der), 'VerifierError']).toContain(over);
      expect(verify({ chain, trustAnchors, intermediates: [ca.certificate] }).ok).toBe(true);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('takes no time that is none: %d', (at) => {
    expect(() => verify({ at })).toThrow(TypeError);
  });

  it('does not take a good signature of one certificate for another’s', () => {
    // The same objects again: what was remembered of them must be bound to the pair.
    const impostor = TestCa.root({ subject: issuing.certificate.subject });
    expect(refusal()).toBe('accepted');
    expect(refusal({ intermediates: [], trustAnchors: [impostor.certificate] })).toEqual({
      code: 'BAD_SIGNATURE',
      depth: 0,
    });
    expect(refusal({ chain: [impostor.issue().der] })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
  });
});
