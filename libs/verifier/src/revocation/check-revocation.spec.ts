import { encodeNull, encodeOctetString, Oid } from '@touchmark/der';
import { TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import {
  encodeAuthorityInfoAccess,
  encodeCRLDistributionPoints,
  encodeExtension,
  encodeNoRevAvail,
} from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import type { VerifierErrorDetail } from '../error.js';
import { verifyPath } from '../path/verify-path.js';
import { Denylist, uncheckedRevocation } from './denylist.js';
import type { RevocationFinding } from './finding.js';
import type { RevocationPolicy, RevocationSource } from './revocation-source.js';

const root = TestCa.root({ subject: 'Root' });
const issuing = root.issueCa({ subject: 'Issuing' });
const GOOD: RevocationFinding = { status: 'good' };
const REVOKED: RevocationFinding = { status: 'revoked' };
const UNLISTED: RevocationFinding = { status: 'unlisted' };
const SUSPENDED: RevocationFinding = { status: 'suspended' };
const unknown = (because: 'absent' | 'stale' | 'unusable'): RevocationFinding => ({ status: 'unknown', because });

/** Says the same of every certificate, or each thing at its depth. */
function source(findings: RevocationFinding | readonly RevocationFinding[], kind: RevocationSource['kind'] = 'crl') {
  return {
    kind,
    find: ({ depth }) => (Array.isArray(findings) ? findings[depth] : findings),
  } as RevocationSource;
}

function judge(
  revocation: RevocationPolicy,
  leaf: TestCertificateOptions = {},
  ca = issuing,
): VerifierErrorDetail | 'accepted' {
  const result = verifyPath({
    chain: [ca.issueDer(leaf), ca.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation,
  });
  return result.ok ? 'accepted' : result.error.detail;
}

function codeOf(detail: VerifierErrorDetail | 'accepted'): string {
  return detail === 'accepted' ? detail : detail.code;
}

describe('checkRevocation', () => {
  it.each<[string, readonly RevocationFinding[]]>([
    ['accepted', [GOOD]],
    ['accepted', [unknown('absent'), GOOD, unknown('unusable')]],
    ['accepted', [unknown('stale'), GOOD]],
    ['CERT_REVOKED', [GOOD, REVOKED]],
    ['CERT_REVOKED', [SUSPENDED, REVOKED]],
    ['CERT_SUSPENDED', [GOOD, SUSPENDED]],
    ['STATUS_UNKNOWN', [unknown('absent'), unknown('stale')]],
    ['STATUS_UNKNOWN', [unknown('absent'), UNLISTED]],
    ['STATUS_UNKNOWN', [UNLISTED]],
    ['accepted', [UNLISTED, GOOD]],
  ])('%s when the sources say %j', (outcome, findings) => {
    expect(codeOf(judge({ sources: findings.map((finding) => source(finding)) }))).toBe(outcome);
  });

  it.each<[string, 'absent' | 'stale' | 'unusable', Partial<RevocationPolicy>]>([
    ['accepted', 'absent', { whenUnknown: 'allow' }],
    ['accepted', 'stale', { whenStale: 'allow' }],
    ['STATUS_UNKNOWN', 'absent', { whenStale: 'allow' }],
    ['STATUS_UNKNOWN', 'stale', { whenUnknown: 'allow' }],
    ['STATUS_UNKNOWN', 'unusable', { whenUnknown: 'allow', whenStale: 'allow' }],
  ])('%s when all is %s, under %j', (outcome, because, policy) => {
    expect(codeOf(judge({ sources: [source(unknown(because))], ...policy }))).toBe(outcome);
  });

  it('forgives nothing beside what is unusable', () => {
    const sources = [source(unknown('unusable')), source(unknown('stale')), source(unknown('absent'))];
    expect(judge({ sources, whenUnknown: 'allow', whenStale: 'allow' })).toMatchObject({ because: 'unusable' });
  });

  it('takes for good what is on no list where nobody is asked but lists', () => {
    expect(judge({ sources: [new Denylist(), new Denylist()] })).toBe('accepted');
    expect(judge({ sources: [source(unknown('absent')), new Denylist()] })).toMatchObject({ because: 'absent' });
    expect(judge({ sources: [source(unknown('stale')), new Denylist()] })).toMatchObject({ because: 'stale' });
  });

  it.each(['seat', 'token-status-list', 'denylist'] as const)(
    'hears what a %s has against a CA where only end entities are asked about',
    (kind) => {
      const scope = 'end-entity';
      expect(codeOf(judge({ sources: [source([GOOD, REVOKED], kind)], scope }))).toBe('CERT_REVOKED');
      expect(codeOf(judge({ sources: [source([GOOD, SUSPENDED], kind)], scope }))).toBe('CERT_SUSPENDED');
      expect(codeOf(judge({ sources: [source([GOOD, unknown('unusable')], kind)], scope }))).toBe('accepted');
    },
  );

  it('says what the source says of a revocation', () => {
    const sources = [source({ status: 'revoked', reason: 'keyCompromise', revocationTime: TEST_NOW - 5 })];
    expect(judge({ sources })).toMatchObject({
      code: 'CERT_REVOKED',
      depth: 1,
      reason: 'keyCompromise',
      revocationTime: TEST_NOW - 5,
    });
    expect(judge({ sources: [source(REVOKED)] })).not.toHaveProperty('reason');
  });

  it('names the certificate that says most', () => {
    expect(judge({ sources: [source([unknown('absent'), REVOKED])] })).toMatchObject({
      code: 'CERT_REVOKED',
      depth: 1,
    });
    expect(judge({ sources: [source([SUSPENDED, unknown('absent')])] })).toMatchObject({ code: 'CERT_SUSPENDED' });
  });

  it('asks about the end entity alone where the policy says so', () => {
    const sources = [source([GOOD, REVOKED])];
    expect(judge({ sources, scope: 'end-entity' })).toBe('accepted');
    expect(codeOf(judge({ sources: [source([REVOKED, GOOD])], scope: 'end-entity' }))).toBe('CERT_REVOKED');
    expect(codeOf(judge({ sources, scope: 'path' }))).toBe('CERT_REVOKED');
  });

  it.each([{}, { whenUnknown: 'allow' }, { scope: 'end-entity' }] as const)(
    'takes no policy without sources: %j',
    (policy) => {
      expect(() => judge({ sources: [], ...policy })).toThrow(TypeError);
    },
  );

  it('asks nobody where that is what was asked for', () => {
    expect(judge(uncheckedRevocation)).toBe('accepted');
  });
});

describe('noRevAvail', () => {
  const noRevAvail = encodeExtension(Oid.noRevAvail, false, encodeNoRevAvail());
  const extraExtensions = [noRevAvail];

  it.each(['crl', 'ocsp'] as const)('spares an end entity the %s', (kind) => {
    expect(judge({ sources: [source([REVOKED, GOOD], kind)] }, { extraExtensions })).toBe('accepted');
  });

  it.each(['seat', 'token-status-list', 'denylist'] as const)('never spares it the %s', (kind) => {
    const sources = [source(GOOD, 'crl'), source([REVOKED, GOOD], kind)];
    expect(codeOf(judge({ sources }, { extraExtensions }))).toBe('CERT_REVOKED');
    const silent = [source(GOOD, 'crl'), source([unknown('absent'), GOOD], kind)];
    expect(codeOf(judge({ sources: silent }, { extraExtensions }))).toBe('STATUS_UNKNOWN');
  });

  it('spares its issuers nothing', () => {
    expect(judge({ sources: [source([GOOD, REVOKED])] }, { extraExtensions })).toMatchObject({
      code: 'CERT_REVOKED',
      depth: 1,
    });
  });

  const crlDp = encodeCRLDistributionPoints(['http://crl.example/1.crl']);
  it.each([
    ['cRLDistributionPoints', encodeExtension(Oid.cRLDistributionPoints, false, crlDp)],
    ['freshestCRL', encodeExtension(Oid.freshestCRL, false, crlDp)],
    [
      'authorityInfoAccess',
      encodeExtension(Oid.authorityInfoAccess, false, encodeAuthorityInfoAccess({ ocsp: ['http://ocsp.example'] })),
    ],
  ])('is refused beside %s', (by, extension) => {
    expect(judge({ sources: [source(GOOD)] }, { extraExtensions: [extension, noRevAvail] })).toEqual({
      code: 'NO_REV_AVAIL_CONTRADICTED',
      depth: 0,
      by,
    });
  });

  it('stands beside the place of the issuer’s certificate', () => {
    const access = encodeAuthorityInfoAccess({ caIssuers: ['http://ca.example/1.cer'] });
    const extension = encodeExtension(Oid.authorityInfoAccess, false, access);
    expect(judge({ sources: [source(GOOD)] }, { extraExtensions: [extension, noRevAvail] })).toBe('accepted');
  });

  it('is refused in a CA certificate, whatever is asked', () => {
    const ca = root.issueCa({ extraExtensions });
    const refused = { code: 'NO_REV_AVAIL_CONTRADICTED', depth: 1, by: 'basicConstraints' };
    expect(judge({ sources: [source(GOOD)] }, {}, ca)).toEqual(refused);
    expect(judge({ sources: [source(GOOD)], scope: 'end-entity' }, {}, ca)).toEqual(refused);
  });

  it.each([
    ['another value than NULL', [encodeExtension(Oid.noRevAvail, false, encodeOctetString(new Uint8Array(1)))]],
    ['critical', [encodeExtension(Oid.noRevAvail, true, encodeNull())]],
  ])('is not taken with %s', (name, extensions) => {
    const code = name === 'critical' ? 'EXTENSION_UNSUPPORTED' : 'CERTIFICATE_MALFORMED';
    expect(codeOf(judge({ sources: [source(GOOD)] }, { extraExtensions: extensions }))).toBe(code);
  });
});
