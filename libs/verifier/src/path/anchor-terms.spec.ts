import { Oid } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { generateTestKey, TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';

import { bySeat } from '../revocation/seat-source.js';
import type { AnchorTerms } from './anchor-terms.js';
import type { PathRequest } from './path-request.js';
import { verifyPath } from './verify-path.js';

const DAY = 86_400;
const revoked = bySeat({ statusOf: () => 'invalid' });
const valid = bySeat({ statusOf: () => 'valid' });

// Another vendor's factory: its CAs ended years ago, its devices go on.
const OLD = { notBefore: TEST_NOW - 1000 * DAY, notAfter: TEST_NOW - 500 * DAY };
const foreign = TestCa.root({ subject: 'Foreign root', ...OLD });
const factory = foreign.issueCa({ subject: 'Factory', ...OLD });
const IDEVID: TestCertificateOptions = { extKeyUsage: null, notBefore: TEST_NOW - 600 * DAY };
const idevid = factory.issue(IDEVID);
const own = TestCa.root({ subject: 'Own root' });

function verify(terms: AnchorTerms | undefined, change: Partial<PathRequest> = {}): unknown {
  const result = verifyPath({
    chain: [idevid.der, factory.der],
    trustAnchors: [own.certificate, { certificate: foreign.certificate, ...terms }],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: valid,
    ...change,
  });
  return result.ok ? 'accepted' : result.error.detail;
}

const LENIENT: AnchorTerms = { validity: 'when-issued', requireExtKeyUsage: false };

describe('terms of a trust anchor', () => {
  it('leaves what it does not say to the request', () => {
    expect(verify(undefined)).toMatchObject({ code: 'EXT_KEY_USAGE_MISSING', depth: 0, needed: Oid.clientAuth });
    expect(verify({ validity: 'when-issued' })).toMatchObject({ code: 'EXT_KEY_USAGE_MISSING', depth: 0 });
    expect(verify({ requireExtKeyUsage: false })).toMatchObject({ code: 'CERT_EXPIRED', depth: 1 });
    expect(verify(LENIENT)).toBe('accepted');
  });

  it('has a revocation policy of its own', () => {
    expect(verify({ ...LENIENT, revocation: revoked })).toMatchObject({ code: 'CERT_REVOKED' });
    expect(verify({ ...LENIENT, revocation: valid }, { revocation: revoked })).toBe('accepted');
  });

  it('has a profile of its own', () => {
    const chain = [factory.issueDer({ ...IDEVID, authorityKeyIdentifier: null }), factory.der];
    const detail = { code: 'PROFILE_VIOLATED', depth: 0, profile: 'rfc5280', rule: 'authorityKeyIdentifier missing' };
    expect(verify({ ...LENIENT, profile: 'rfc5280' }, { chain })).toEqual(detail);
    expect(verify({ ...LENIENT, profile: 'device' }, { chain, profile: 'rfc5280' })).toBe('accepted');
    const ca = foreign.issueCa({ ...IDEVID, keyUsage: ['keyCertSign', 'digitalSignature'] });
    expect(verify(LENIENT, { chain: [ca.der] })).toEqual({ code: 'END_ENTITY_IS_CA', depth: 0 });
    expect(verify({ ...LENIENT, profile: 'rfc5280' }, { chain: [ca.der] })).toBe('accepted');
  });

  it('holds an end entity to its anchor’s policy, not to another’s', () => {
    const chain = [own.issueDer(IDEVID)];
    expect(verify(LENIENT, { chain })).toMatchObject({ code: 'EXT_KEY_USAGE_MISSING', depth: 0 });
    expect(verify(LENIENT, { chain: [own.issueDer()] })).toBe('accepted');
  });

  it('may stand beside DER, and are checked', () => {
    const trustAnchors = [own.der, { certificate: foreign.der, ...LENIENT }];
    expect(verify(undefined, { trustAnchors })).toBe('accepted');
    expect(verify(undefined, { trustAnchors, chain: [own.issueDer()] })).toBe('accepted');
    const wrong: object = { validity: 'ever' };
    expect(() => verify(undefined, { trustAnchors: [{ certificate: foreign.der, ...wrong }] })).toThrow(TypeError);
  });

  it('do not let the CAs that ended use up the paths: some are reissued daily', () => {
    const key = generateTestKey();
    const ended = Array.from({ length: 25 }, (_, i) =>
      own.issueCa({ subject: 'Daily', key, notBefore: TEST_NOW - 100 * DAY, notAfter: TEST_NOW - 1 - i }),
    );
    const today = own.issueCa({ subject: 'Daily', key });
    const intermediates = [...ended, today].map(({ certificate }) => certificate);
    const chain = [today.issueDer()];
    const revocation = revoked;
    expect(verify(LENIENT, { chain, intermediates })).toBe('accepted');
    // valid when it was issued, so that every one of them is a candidate
    const old = [today.issueDer({ notBefore: TEST_NOW - 50 * DAY })];
    expect(verify(LENIENT, { chain: old, intermediates })).toBe('accepted');
    expect(verify(LENIENT, { chain: old, intermediates, revocation })).toMatchObject({ code: 'CERT_REVOKED' });
  });

  it('bind the paths that end there: what fails under them may hold below another anchor', () => {
    const sub = own.issueCa({ subject: 'Sub' });
    const trustAnchors = [own.certificate, { certificate: sub.certificate, revocation: revoked }];
    const chain = [sub.issueDer()];
    expect(verify(undefined, { trustAnchors, chain })).toMatchObject({ code: 'CERT_REVOKED' });
    expect(verify(undefined, { trustAnchors, chain: [...chain, sub.der] })).toBe('accepted');
  });
});

describe('validity when-issued', () => {
  it('still wants the end entity to be valid now', () => {
    const chain = [factory.issueDer({ ...IDEVID, notAfter: TEST_NOW - 1 }), factory.der];
    expect(verify(LENIENT, { chain })).toMatchObject({ code: 'CERT_EXPIRED', depth: 0, at: TEST_NOW });
  });

  it.each([
    ['after its CA ended', OLD.notAfter + 1, 'CERT_EXPIRED'],
    ['before its CA began', OLD.notBefore - 1, 'CERT_NOT_YET_VALID'],
  ])('refuses an end entity that begins %s', (_name, notBefore, code) => {
    const chain = [factory.issueDer({ ...IDEVID, notBefore }), factory.der];
    expect(verify(LENIENT, { chain })).toMatchObject({ code, depth: 1, at: notBefore });
  });

  it('takes the first and the last second', () => {
    for (const notBefore of [OLD.notBefore, OLD.notAfter]) {
      expect(verify(LENIENT, { chain: [factory.issueDer({ ...IDEVID, notBefore }), factory.der] })).toBe('accepted');
    }
  });

  it('asks each CA about the one below it, up to the anchor', () => {
    const late = foreign.issueCa({ subject: 'Late', notBefore: OLD.notAfter + 1, notAfter: TEST_NOW });
    const chain = [late.issueDer({ ...IDEVID, notBefore: OLD.notAfter + 2 }), late.der];
    expect(verify(LENIENT, { chain })).toMatchObject({ code: 'CERT_EXPIRED', depth: 2, at: OLD.notAfter + 1 });
  });
});

describe('constraints of the trust anchor itself (RFC 5937)', () => {
  it.each<[string, TestCertificateOptions, string]>([
    ['its dates', { notAfter: TEST_NOW - 1 }, 'CERT_EXPIRED'],
    ['cA', { basicConstraints: null }, 'NOT_A_CA'],
    ['its version', { version: 1, basicConstraints: null, keyUsage: null }, 'NOT_A_CA'],
    ['keyUsage', { keyUsage: ['cRLSign'] }, 'KEY_USAGE_MISSING'],
    ['extKeyUsage', { extKeyUsage: [Oid.serverAuth] }, 'EXT_KEY_USAGE_MISSING'],
    ['pathLenConstraint', { basicConstraints: { cA: true, pathLenConstraint: 0 } }, 'PATH_LEN_EXCEEDED'],
  ])('%s holds', (_name, options, code) => {
    const anchor = TestCa.root(options);
    const ca = anchor.issueCa();
    const change = { chain: [ca.issueDer(), ca.der], trustAnchors: [anchor.certificate] };
    expect(verify(undefined, change)).toMatchObject({ code, depth: 2 });
  });
});
