import { equalBytes, Oid } from '@touchmark/der';
import {
  generateTestKey,
  makeTestCrl,
  makeTestOcspResponse,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestOcspResponseOptions,
  type TestSingleResponse,
} from '@touchmark/testkit';
import { encodeExtension, encodeOcspNocheck, spkiSha256 } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { findPath, recheckPath } from '../../path/find-path.js';
import { verifyPath } from '../../path/verify-path.js';
import { CrlSource } from '../crl/crl-source.js';
import { Denylist } from '../denylist.js';
import { ABSENT, GOOD } from '../finding.js';
import type { RevocationPolicy, RevocationSource } from '../revocation-source.js';
import { OcspSource } from './ocsp-source.js';

const root = TestCa.root({ subject: 'Root' });
const leaf = root.issue();
const stranger = generateTestKey();
const nocheck = encodeExtension(Oid.ocspNocheck, false, encodeOcspNocheck());
const expired = root.issue({
  subject: 'OCSP',
  extKeyUsage: [Oid.OCSPSigning],
  extraExtensions: [nocheck],
  notBefore: TEST_NOW - 9e6,
  notAfter: TEST_NOW - 8e6,
});
const slowKey = () => generateTestKey('EC P-384');
const revoked = { status: { revocationTime: TEST_NOW - 5 } } as const;

function ask(
  sources: readonly RevocationSource[],
  chain: readonly TestCertificate[] = [leaf],
  policy: Partial<RevocationPolicy> = {},
  anchor = root,
): string {
  const result = verifyPath({
    chain: chain.map(({ der }) => der),
    trustAnchors: [anchor.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    monotonic: () => 0,
    revocation: { sources, ...policy },
  });
  if (result.ok) return 'good';
  const { detail } = result.error;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because} ${detail.why}` : detail.code;
}

const response = (single: Partial<TestSingleResponse> = {}, more: Partial<TestOcspResponseOptions> = {}): Uint8Array =>
  makeTestOcspResponse({ issuer: root, responses: [{ of: leaf, ...single }], ...more });

describe('an OCSP delegate whose certificate has ended', () => {
  const late = { signer: expired, producedAt: TEST_NOW - 10 };
  const ahead = { signer: expired, producedAt: TEST_NOW + 9e8 };

  it.each<[string, Uint8Array]>([
    ['a later good', response({ thisUpdate: TEST_NOW - 10 }, late)],
    ['a good of the future', response({ thisUpdate: TEST_NOW + 9e8, nextUpdate: TEST_NOW + 9.1e8 }, ahead)],
  ])('does not displace what the issuer said: %s', (_name, der) => {
    const source = new OcspSource();
    source.add(response(revoked));
    expect(ask([source])).toBe('CERT_REVOKED');
    source.add(der);
    expect(ask([source], [leaf], { whenStale: 'allow', whenUnknown: 'allow' })).toBe('CERT_REVOKED');
    const good = new OcspSource();
    good.add(response());
    expect(ask([good])).toBe('good');
    good.add(der);
    expect(ask([good])).toBe('good');
    good.add(response({ ...revoked, thisUpdate: TEST_NOW - 1 }, { producedAt: TEST_NOW - 1 }));
    expect(ask([good])).toBe('CERT_REVOKED');
  });

  it('is not forgiven as stale', () => {
    const source = new OcspSource();
    source.add(response({ nextUpdate: TEST_NOW - 5000, thisUpdate: TEST_NOW - 9000 }, late));
    expect(ask([source], [leaf], { whenStale: 'allow' })).toBe('unusable OCSP_DELEGATE_EXPIRED');
  });
});

describe('an OCSP delegate that was revoked', () => {
  it.each([TEST_NOW + 3600, TEST_NOW - 3600])('is not forgiven as stale: nextUpdate %d', (nextUpdate) => {
    const delegate = root.issue({ subject: 'OCSP', extKeyUsage: [Oid.OCSPSigning] });
    const crls = new CrlSource();
    crls.add(makeTestCrl(root, { entries: [{ serialNumber: delegate.certificate }] }));
    const ofDelegates: RevocationSource = {
      kind: 'crl',
      find: (question) =>
        question.subject.subject.length === leaf.certificate.subject.length &&
        Buffer.compare(question.subject.der, leaf.der) === 0
          ? { status: 'unknown', because: 'absent' }
          : crls.find(question),
    };
    const source = new OcspSource();
    const thisUpdate = TEST_NOW - 7200;
    source.add(response({ thisUpdate, nextUpdate }, { signer: delegate, producedAt: thisUpdate }));
    expect(ask([source, ofDelegates], [leaf], { whenStale: 'allow' })).toBe('unusable OCSP_DELEGATE_STATUS_UNKNOWN');
  });

  it('is asked of denylists although it has nocheck', () => {
    const delegate = root.issue({ subject: 'OCSP', extKeyUsage: [Oid.OCSPSigning], extraExtensions: [nocheck] });
    const source = new OcspSource();
    source.add(response({}, { signer: delegate }));
    const stolen = new Denylist([{ spkiSha256: spkiSha256(delegate.certificate.subjectPublicKeyInfo) }]);
    expect(ask([source, new Denylist()])).toBe('good');
    expect(ask([source, stolen])).toBe('unusable OCSP_DELEGATE_REVOKED');
  });
});

it('a path is judged again by the delegate of a CA that was presented', () => {
  const issuing = root.issueCa({ subject: 'Issuing' });
  const device = issuing.issue();
  const delegate = issuing.issue({ subject: 'OCSP', extKeyUsage: [Oid.OCSPSigning] });
  const isDelegate = (der?: Uint8Array): boolean => der !== undefined && equalBytes(der, delegate.der);
  const source = new OcspSource();
  source.add(makeTestOcspResponse({ issuer: issuing, signer: delegate, responses: [{ of: device }] }));
  const crls: RevocationSource = {
    kind: 'crl',
    find: ({ depth, path }) => (depth === 0 && isDelegate(path[0]?.der) ? GOOD : ABSENT),
  };
  const request = {
    trustAnchors: [root.certificate],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    monotonic: () => 0,
    revocation: { sources: [source, crls], scope: 'end-entity' },
  } as const;
  const { path } = findPath({ ...request, chain: [device.der, issuing.der] });
  expect(() => recheckPath(path, request)).not.toThrow();
});

describe('whoever hands in OCSP responses', () => {
  it('cannot push out one that says revoked before anybody asks', () => {
    const source = new OcspSource();
    source.add(response({ thisUpdate: TEST_NOW - 600, nextUpdate: TEST_NOW + 500_000 }));
    expect(ask([source])).toBe('good');
    source.add(response(revoked));
    for (let i = 0; i < 5; i++) source.add(response({}, { signingKey: stranger, producedAt: TEST_NOW - i }));
    expect(ask([source])).toBe('CERT_REVOKED');
  });

  it('cannot push out what is proven by genuine answers that nobody asked for', () => {
    const source = new OcspSource({ maxAnswers: 8 });
    const others = Array.from({ length: 20 }, () => root.issue());
    source.add(response(revoked));
    expect(ask([source])).toBe('CERT_REVOKED');
    source.add(response({}, { responses: others.map((of) => ({ of })) }));
    expect(others.map((other) => ask([source], [other]))).toEqual(others.map(() => 'good'));
    expect(ask([source], [leaf], { whenUnknown: 'allow' })).toBe('CERT_REVOKED');
  });

  it('cannot use up the signature checks of a verification', () => {
    const slow = TestCa.root({ subject: 'Slow', key: slowKey() });
    const issuing = slow.issueCa({ subject: 'Issuing', key: slowKey() });
    const device = issuing.issue();
    const source = new OcspSource();
    source.add(makeTestOcspResponse({ issuer: issuing, responses: [{ of: device }] }));
    source.add(makeTestOcspResponse({ issuer: slow, responses: [{ of: issuing }] }));
    const chain = [device, issuing];
    expect(ask([source], chain, {}, slow)).toBe('good');
    const forger = slowKey();
    for (let n = 0; n < 4; n++) {
      for (const [ca, of, subject] of [
        [issuing, device, 'Issuing'],
        [slow, issuing, 'Slow'],
      ] as const) {
        const fake = TestCa.root({ subject, key: forger });
        const certs = [1, 2].map(
          (i) => fake.issue({ subject, extKeyUsage: [Oid.OCSPSigning], serialNumber: Uint8Array.of(i, n) }).der,
        );
        for (const hashAlgorithm of ['sha1', 'sha256'] as const) {
          const producedAt = TEST_NOW - 30 + n;
          source.add(
            makeTestOcspResponse({
              issuer: ca,
              signingKey: forger,
              responderId: 'byName',
              certs,
              producedAt,
              responses: [{ of, hashAlgorithm, thisUpdate: producedAt }],
            }),
          );
        }
      }
    }
    for (let i = 0; i < 10; i++) expect(ask([source], chain, {}, slow)).toBe('good');
  });

  it('cannot have one thrown away by bringing somebody else as its delegate', () => {
    const delegate = root.issue({ subject: 'OCSP', extKeyUsage: [Oid.OCSPSigning], extraExtensions: [nocheck] });
    const attacker = root.issue();
    const fake = TestCa.root({ subject: 'Root' }).issue({
      subject: 'OCSP',
      extKeyUsage: [Oid.OCSPSigning],
      key: delegate.key,
    });
    const source = new OcspSource();
    const responses = [{ of: attacker, ...revoked }, { of: leaf }];
    source.add(makeTestOcspResponse({ issuer: root, signer: delegate, certs: [], responses }));
    expect(ask([source], [attacker, fake])).toBe('absent OCSP_SIGNER_NOT_AUTHORIZED');
    expect(ask([source], [leaf, delegate])).toBe('good');
    expect(ask([source], [attacker])).toBe('CERT_REVOKED');
  });

  it('cannot say anything of tomorrow', () => {
    const source = new OcspSource();
    source.add(response({ thisUpdate: TEST_NOW + 900, nextUpdate: TEST_NOW + 1000 }, { producedAt: TEST_NOW + 900 }));
    expect(ask([source], [leaf], { whenStale: 'allow' })).toBe('absent OCSP_NOT_YET_VALID');
  });
});
