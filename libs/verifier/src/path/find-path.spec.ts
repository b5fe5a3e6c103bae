import {
  equalBytes,
  encodeNull,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSetOf,
  Oid,
  toHex,
} from '@touchmark/der';
import { type Certificate, encodeExtension } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import {
  generateTestKey,
  signatureAlgorithmOf,
  TEST_NOW,
  TestCa,
  type TestCertificateOptions,
} from '@touchmark/testkit';

import { bySeat } from '../revocation/seat-source.js';
import type { RevocationFinding } from '../revocation/finding.js';
import { questionBehind, type RevocationPolicy, type StatusQuestion } from '../revocation/revocation-source.js';
import { findPath } from './find-path.js';
import { knownPathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';
import { verifyPath } from './verify-path.js';

const valid = bySeat({ statusOf: () => 'valid' });
const anchorOf = (ca: TestCa): Certificate => ca.certificate;

function requestOf(change: Partial<PathRequest>): PathRequest {
  return {
    chain: [],
    trustAnchors: [],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: valid,
    // no test depends on how busy the machine is
    monotonic: () => 0,
    ...change,
  };
}

/** The path that was found, as octets, or what is wrong. */
function outcome(change: Partial<PathRequest>): unknown {
  const result = verifyPath(requestOf(change));
  return result.ok ? result.path.map(({ der }) => toHex(der)) : result.error.detail;
}

const pathOf = (...certificates: readonly { readonly der: Uint8Array }[]): string[] =>
  certificates.map(({ der }) => toHex(der));

const root = TestCa.root({ subject: 'Root' });
const ca = root.issueCa({ subject: 'CA' });
const leaf = ca.issue();

describe('a path is found', () => {
  it('from unordered, duplicated and superfluous intermediates', () => {
    const upper = root.issueCa({ subject: 'Upper' });
    const lower = upper.issueCa({ subject: 'Lower' });
    const end = lower.issue();
    const chain = [end, upper, ca, lower, upper, root, end].map(({ der }) => der);
    expect(outcome({ chain, trustAnchors: [anchorOf(root)] })).toEqual(pathOf(end, lower, upper, root));
    const known = { intermediates: [lower.certificate, upper.certificate, lower.certificate] };
    expect(outcome({ chain: [end.der], trustAnchors: [anchorOf(root)], ...known })).toEqual(
      pathOf(end, lower, upper, root),
    );
  });

  it('and says where it ends when one is missing', () => {
    const lower = ca.issueCa({ subject: 'Lower' });
    const chain = [lower.issue().der, lower.der];
    expect(outcome({ chain, trustAnchors: [anchorOf(root)] })).toEqual({ code: 'UNKNOWN_ISSUER', depth: 1 });
  });

  it('to any of several anchors, one below another, and one of the same name', () => {
    const namesake = TestCa.root({ subject: 'Root' });
    const strangers = [namesake, TestCa.root({ subject: 'Other' })].map(anchorOf);
    const trustAnchors = [...strangers, anchorOf(root)];
    expect(outcome({ chain: [leaf.der, ca.der], trustAnchors })).toEqual(pathOf(leaf, ca, root));
    expect(outcome({ chain: [leaf.der, ca.der, root.der], trustAnchors: [...trustAnchors, anchorOf(ca)] })).toEqual(
      pathOf(leaf, ca),
    );
    expect(outcome({ chain: [leaf.der, root.der], trustAnchors: [anchorOf(ca)] })).toEqual(pathOf(leaf, ca));
  });

  it('to an anchor that is also cross-certified by CAs in a circle (CVE-2024-0567)', () => {
    const a = TestCa.root({ subject: 'A' });
    const all = [a, TestCa.root({ subject: 'B' }), TestCa.root({ subject: 'C' })];
    const cross = all.flatMap(({ certificate, key }) =>
      all.filter((other) => other.key !== key).map((other) => other.issueCa({ subject: certificate.subject, key })),
    );
    const a1 = a.issueCa({ subject: 'A1' });
    const end = a1.issue();
    const chain = [end, a1, ...cross].map(({ der }) => der);
    expect(outcome({ chain, trustAnchors: [anchorOf(a)] })).toEqual(pathOf(end, a1, a));
  });

  it('through a cross certificate when the root that signs first is not trusted', () => {
    const trusted = TestCa.root({ subject: 'Trusted' });
    const cross = trusted.issueCa({ subject: 'Root', key: root.key });
    const chain = [leaf.der, ca.der, root.der, cross.der];
    expect(outcome({ chain, trustAnchors: [anchorOf(trusted)] })).toEqual(pathOf(leaf, ca, cross, trusted));
  });

  it('over a key rollover: old with new, new with old (RFC 4210 4.4)', () => {
    const next = TestCa.root({ subject: 'Root' });
    const newWithOld = root.issueCa({ subject: 'Root', key: next.key });
    const oldWithNew = next.issueCa({ subject: 'Root', key: root.key });
    const end = next.issue();
    const change = { chain: [end.der, newWithOld.der, oldWithNew.der] };
    expect(outcome({ ...change, trustAnchors: [anchorOf(root)] })).toEqual(pathOf(end, newWithOld, root));
    const chain = [leaf.der, ca.der, newWithOld.der, oldWithNew.der];
    expect(outcome({ chain, trustAnchors: [anchorOf(next)] })).toEqual(pathOf(leaf, ca, oldWithNew, next));
  });

  it('where issuer and subject are the same name in other octets', () => {
    const subject = encodeSequence(
      encodeSetOf([encodeSequence(encodeOid(Oid.commonName), encodePrintableString('ROOT'))]),
    );
    const renamed = TestCa.root({ subject, key: root.key });
    expect(outcome({ chain: [leaf.der, ca.der], trustAnchors: [anchorOf(renamed)] })).toEqual(
      pathOf(leaf, ca, renamed),
    );
  });

  it('although the key identifiers say otherwise: they are hints', () => {
    const odd = root.issueCa({ subject: 'Odd', subjectKeyIdentifier: Uint8Array.of(1) });
    const end = odd.issue({ authorityKeyIdentifier: Uint8Array.of(2) });
    expect(outcome({ chain: [end.der, odd.der], trustAnchors: [anchorOf(root)] })).toEqual(pathOf(end, odd, root));
  });
});

describe('a path goes round a certificate of the same name and key', () => {
  const key = generateTestKey();
  const good = root.issueCa({ subject: 'Twin', key });
  const end = good.issue();

  it.each<[string, TestCertificateOptions]>([
    ['that has ended', { notAfter: TEST_NOW - 1 }],
    ['that is not valid yet', { notBefore: TEST_NOW + 1 }],
    ['that is no CA', { basicConstraints: null }],
    ['of version 1', { version: 1, basicConstraints: null, keyUsage: null }],
    ['without keyCertSign', { keyUsage: ['cRLSign'] }],
    ['for another purpose', { extKeyUsage: [Oid.serverAuth] }],
    [
      'with a critical extension of another world',
      { extraExtensions: [Uint8Array.of(0x30, 12, 6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 2, 5, 0)] },
    ],
    ['that nobody known signed', { signingKey: generateTestKey() }],
    ['of an issuer that is not known', { issuer: TestCa.root({ subject: 'Nobody' }).certificate.subject }],
  ])('%s', (_name, options) => {
    const bad = root.issueCa({ subject: 'Twin', key, ...options });
    for (const intermediates of [
      [bad, good],
      [good, bad],
    ].map((cas) => cas.map(anchorOf))) {
      expect(outcome({ chain: [end.der], trustAnchors: [anchorOf(root)], intermediates })).toEqual(
        pathOf(end, good, root),
      );
    }
    expect(outcome({ chain: [end.der, bad.der], trustAnchors: [anchorOf(root)] })).not.toEqual(pathOf(end, bad, root));
  });

  it('whose pathLenConstraint is too small for this path and large enough for another', () => {
    const narrow = root.issueCa({ subject: 'Twin', key, basicConstraints: { cA: true, pathLenConstraint: 0 } });
    const below = good.issueCa({ subject: 'Below' });
    const far = below.issue();
    const change = { trustAnchors: [anchorOf(root)], intermediates: [narrow, below, good].map(anchorOf) };
    expect(outcome({ ...change, chain: [far.der] })).toEqual(pathOf(far, below, good, root));
    expect(outcome({ ...change, chain: [end.der] })).toEqual(pathOf(end, narrow, root));
    expect(outcome({ ...change, chain: [far.der], intermediates: [narrow, below].map(anchorOf) })).toEqual({
      code: 'PATH_LEN_EXCEEDED',
      depth: 2,
      pathLenConstraint: 0,
    });
  });

  it('whose path breaks the profile', () => {
    const bare = root.issueCa({ subject: 'Twin', key, authorityKeyIdentifier: null });
    const intermediates = [bare, good].map(anchorOf);
    const change: Partial<PathRequest> = { chain: [end.der], trustAnchors: [anchorOf(root)], profile: 'rfc5280' };
    expect(outcome({ ...change, intermediates })).toEqual(pathOf(end, good, root));
    expect(outcome({ ...change, intermediates: [bare.certificate] })).toMatchObject({ code: 'PROFILE_VIOLATED' });
  });
});

describe('when several paths fail, the one that came furthest says why', () => {
  const key = generateTestKey();
  const end = root.issueCa({ subject: 'Twin', key }).issue();
  const twin = (options: TestCertificateOptions): TestCa => root.issueCa({ subject: 'Twin', key, ...options });
  const deviants = {
    stranger: twin({ key: generateTestKey() }),
    useless: twin({ keyUsage: ['cRLSign'] }),
    ended: twin({ notAfter: TEST_NOW - 1 }),
    bare: twin({ authorityKeyIdentifier: null }),
    whole: twin({}),
  };

  it.each<[string, string, keyof typeof deviants, keyof typeof deviants]>([
    ['a wrong use', 'KEY_USAGE_MISSING', 'useless', 'stranger'],
    ['an end', 'CERT_EXPIRED', 'ended', 'useless'],
    ['a broken profile', 'PROFILE_VIOLATED', 'bare', 'ended'],
    ['a revocation', 'CERT_REVOKED', 'whole', 'bare'],
  ])('%s is %s', (_name, code, better, worse) => {
    const change: Partial<PathRequest> = {
      chain: [end.der],
      trustAnchors: [anchorOf(root)],
      profile: 'rfc5280',
      revocation: bySeat({ statusOf: () => 'invalid' }),
    };
    const cas = [deviants[better], deviants[worse]].map(anchorOf);
    expect(outcome({ ...change, intermediates: cas })).toMatchObject({ code });
    expect(outcome({ ...change, intermediates: cas.toReversed() })).toMatchObject({ code });
    expect(outcome({ ...change, intermediates: cas.slice(1) })).not.toMatchObject({ code });
  });
});

const stranger = (options: TestCertificateOptions): TestCa => root.issueCa({ subject: 'CA', ...options });

describe('a stranger of the same name', () => {
  const forged = ca.issueDer({ signingKey: generateTestKey() });

  it.each<[string, TestCertificateOptions]>([
    ['has ended', { notAfter: TEST_NOW - 1 }],
    ['is no CA', { basicConstraints: null }],
    ['is for another purpose', { extKeyUsage: [Oid.serverAuth] }],
  ])('that %s does not decide what is told', (_name, options) => {
    const change = { trustAnchors: [anchorOf(root)], intermediates: [ca, stranger(options)].map(anchorOf) };
    expect(outcome({ ...change, chain: [forged] })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
    const revocation = bySeat({ statusOf: () => 'unknown' });
    expect(outcome({ ...change, chain: [leaf.der], revocation })).toMatchObject({ code: 'STATUS_UNKNOWN' });
  });

  it('costs no more signatures than there are', () => {
    const key = generateTestKey('EC P-521');
    const strangers = Array.from({ length: 32 }, () => stranger({ key, notAfter: TEST_NOW - 1 }));
    const change = { trustAnchors: [anchorOf(root)], intermediates: strangers.map(anchorOf) };
    const chain = [ca.issueDer({ signatureAlgorithm: signatureAlgorithmOf(key) })];
    expect(outcome({ ...change, chain })).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
  });
});

describe('a CA certificate that cannot be read', () => {
  const broken = root.issueCa({
    subject: 'Broken',
    extraExtensions: [encodeExtension('2.5.29.30', true, encodeNull())],
  });
  const end = broken.issue();
  const refused = { code: 'CERTIFICATE_MALFORMED', depth: 1 };

  it('is what is told of the path that needs it, wherever it comes from', () => {
    const trustAnchors = [anchorOf(root)];
    expect(outcome({ trustAnchors, chain: [end.der, broken.der] })).toEqual(refused);
    expect(outcome({ trustAnchors, chain: [end.der], intermediates: [broken.certificate] })).toEqual(refused);
    expect(outcome({ trustAnchors: [broken.der], chain: [end.der] })).toEqual(refused);
    expect(outcome({ trustAnchors, chain: [end.der, Uint8Array.of(0x30)] })).toEqual(refused);
    expect(outcome({ trustAnchors: [...trustAnchors, broken.der], chain: [leaf.der, ca.der, broken.der] })).toEqual(
      pathOf(leaf, ca, root),
    );
  });
});

describe('a trust anchor that is presented as the end entity', () => {
  const anchor = TestCa.root({ basicConstraints: null, keyUsage: ['digitalSignature'], extKeyUsage: [Oid.clientAuth] });

  it('is not accepted: anchors issue, and nobody could revoke it', () => {
    expect(outcome({ chain: [anchor.der], trustAnchors: [anchorOf(anchor)] })).toEqual({
      code: 'UNKNOWN_ISSUER',
      depth: 0,
    });
    const change: Partial<PathRequest> = { profile: 'rfc5280', requireExtKeyUsage: false };
    expect(outcome({ chain: [root.der], trustAnchors: [anchorOf(root)], ...change })).toEqual({
      code: 'UNKNOWN_ISSUER',
      depth: 0,
    });
  });

  it('is accepted below another anchor', () => {
    const change: Partial<PathRequest> = { profile: 'rfc5280', requireExtKeyUsage: false };
    expect(outcome({ chain: [ca.der], trustAnchors: [ca, root].map(anchorOf), ...change })).toEqual(pathOf(ca, root));
  });
});

describe('a search ends', () => {
  const HUNDRED = Array.from({ length: 100 }, (_, i) => i);
  const one = generateTestKey();

  it.each([
    ['distinct subjects, distinct keys', (i: number) => ({ subject: `CA ${i}` }), 'PATH_TOO_LONG'],
    ['one subject, distinct keys', () => ({ subject: 'Same' }), 'BUDGET_EXCEEDED'],
    ['distinct subjects, one key', (i: number) => ({ subject: `CA ${i}`, key: one }), 'PATH_TOO_LONG'],
    ['one subject, one key', () => ({ subject: 'Same', key: one }), 'UNKNOWN_ISSUER'],
  ])('in a chain of 100 CAs with %s', (_name, optionsOf, code) => {
    let last = TestCa.root({ subject: 'Lost' });
    const cas = HUNDRED.map((i) => (last = last.issueCa(optionsOf(i))));
    const change = { trustAnchors: [anchorOf(root)], intermediates: cas.map(anchorOf) };
    expect(outcome({ chain: [last.issue().der], ...change })).toMatchObject({ code });
  });

  it('among CAs of one name when none of them signed', () => {
    const cas = Array.from({ length: 31 }, () => root.issueCa({ subject: 'CA', key: generateTestKey('EC P-384') }));
    const chain = [ca.issueDer({ signatureAlgorithm: signatureAlgorithmOf(generateTestKey('EC P-384')) })];
    const change = { chain, trustAnchors: [anchorOf(root)], intermediates: cas.map(anchorOf) };
    expect(outcome(change)).toEqual({ code: 'BUDGET_EXCEEDED', budget: 'signatures', limit: 300 });
    expect(outcome({ ...change, intermediates: cas.slice(1).map(anchorOf) })).toMatchObject({ code: 'BAD_SIGNATURE' });
  });

  it('at twenty paths that fail at their anchor', () => {
    const cas = Array.from({ length: 30 }, () => root.issueCa({ subject: 'CA', key: ca.key }).certificate);
    const revocation = bySeat({ statusOf: () => 'invalid' });
    const change = { chain: [leaf.der], trustAnchors: [anchorOf(root)], revocation };
    expect(outcome({ ...change, intermediates: cas })).toEqual({ code: 'BUDGET_EXCEEDED', budget: 'paths', limit: 20 });
    expect(outcome({ ...change, intermediates: cas.slice(20) })).toMatchObject({ code: 'CERT_REVOKED' });
  });

  it('when its time is over', () => {
    let time = 0;
    const cas = Array.from({ length: 100 }, () => root.issueCa({ subject: 'CA' }).certificate);
    const change = { chain: [leaf.der], trustAnchors: [anchorOf(root)], intermediates: cas };
    expect(outcome({ ...change, monotonic: () => (time += 10) })).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      budget: 'time',
    });
    expect(outcome({ ...change, monotonic: () => 0 })).toMatchObject({ code: 'BAD_SIGNATURE' });
  });
});

describe('a signer of status', () => {
  /** What a source is told when it asks, about the end entity, for the path of this signer. */
  function signerPath(signer: Certificate, purpose: 'crl' | 'ocsp', change: Partial<PathRequest> = {}): unknown {
    let answer: unknown = 'not asked';
    const find = (asked: StatusQuestion): { status: 'good' } => {
      const question = questionBehind(asked);
      if (question.depth === 0 && answer === 'not asked') {
        answer = 'asked';
        const found = question.signerPath(knownPathCertificate(signer), purpose);
        answer = found?.map(({ certificate }) => toHex(certificate.der));
      }
      return { status: 'good' };
    };
    const revocation = { sources: [{ kind: 'crl', find } as const] };
    findPath(requestOf({ chain: [leaf.der, ca.der], trustAnchors: [anchorOf(root)], revocation, ...change }));
    return answer;
  }

  const delegate = ca.issue({ subject: 'Responder', extKeyUsage: [Oid.OCSPSigning] });
  const crlSigner = ca.issue({ subject: 'CRL', keyUsage: ['cRLSign'], extKeyUsage: null });

  it('has a path to the same anchor', () => {
    expect(signerPath(delegate.certificate, 'ocsp')).toEqual(pathOf(delegate, ca, root));
    expect(signerPath(crlSigner.certificate, 'crl')).toEqual(pathOf(crlSigner, ca, root));
    expect(signerPath(ca.certificate, 'crl')).toEqual(pathOf(ca, root));
    expect(signerPath(root.certificate, 'crl')).toEqual(pathOf(root));
    const elsewhere = TestCa.root({ subject: 'Elsewhere' });
    const trustAnchors = [root, elsewhere].map(anchorOf);
    expect(signerPath(elsewhere.issue().certificate, 'crl', { trustAnchors })).toBeUndefined();
  });

  it('is held to the policy of its anchor, status included', () => {
    const bare = ca.issue({ subject: 'Bare', keyUsage: ['cRLSign'], authorityKeyIdentifier: null });
    expect(signerPath(bare.certificate, 'crl')).toEqual(pathOf(bare, ca, root));
    const trustAnchors = [{ certificate: root.certificate, profile: 'rfc5280' }] as const;
    expect(signerPath(bare.certificate, 'crl', { trustAnchors })).toBeUndefined();
    const revokedSigner = knownPathCertificate(crlSigner.certificate);
    let answer: unknown = 'not asked';
    const find = (asked: StatusQuestion): RevocationFinding => {
      const question = questionBehind(asked);
      if (question.subject === revokedSigner) return { status: 'revoked' };
      if (question.depth === 0) answer = question.signerPath(revokedSigner, 'crl');
      return { status: 'good' };
    };
    const revocation: RevocationPolicy = { sources: [{ kind: 'crl', find }] };
    const change = { chain: [leaf.der, ca.der], trustAnchors: [{ certificate: root.certificate, revocation }] };
    expect(outcome(change)).toEqual(pathOf(leaf, ca, root));
    expect(answer).toBeUndefined();
  });

  it('may be asked for more often than an end entity may fail', () => {
    const find = (asked: StatusQuestion): RevocationFinding => {
      const question = questionBehind(asked);
      if (!equalBytes(asked.subject.der, leaf.der)) return { status: 'good' };
      for (let i = 0; i < 30; i++) question.signerPath(knownPathCertificate(crlSigner.certificate), 'crl');
      return { status: 'good' };
    };
    const revocation: RevocationPolicy = { sources: [{ kind: 'crl', find }] };
    const change = { chain: [leaf.der, ca.der], trustAnchors: [anchorOf(root)], revocation };
    expect(outcome(change)).toEqual(pathOf(leaf, ca, root));
  });

  it('is no server, so the Baseline Requirements for servers are not its own', () => {
    const server = ca.issue({
      subject: 'a.example',
      subjectAltName: [{ kind: 'dNSName', value: 'a.example' }],
      extKeyUsage: [Oid.serverAuth],
    });
    const change: Partial<PathRequest> = { chain: [server.der, ca.der], purpose: 'server', profile: 'web' };
    expect(signerPath(delegate.certificate, 'ocsp', change)).toEqual(pathOf(delegate, ca, root));
  });

  it.each<[string, TestCertificateOptions, 'crl' | 'ocsp']>([
    ['has ended', { notAfter: TEST_NOW - 1 }, 'crl'],
    [
      'has a critical extension of another world',
      { extraExtensions: [Uint8Array.of(0x30, 12, 6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 2, 5, 0)] },
      'crl',
    ],
    ['has a weak key', { key: generateTestKey('RSA', 1024) }, 'crl'],
    ['is not named for OCSP', { extKeyUsage: [Oid.clientAuth] }, 'ocsp'],
    ['is for anything', { extKeyUsage: [Oid.anyExtendedKeyUsage] }, 'ocsp'],
  ])('does not count if it %s', (_name, options, purpose) => {
    const bad = ca.issue({ subject: 'Bad', keyUsage: ['cRLSign', 'digitalSignature'], ...options });
    expect(signerPath(bad.certificate, purpose)).toBeUndefined();
  });
});

it('ten thousand known CAs are as good as ten', () => {
  const key = generateTestKey();
  const template = root.issueCa({ subject: 'Template 00000', key }).certificate;
  const crowd = Array.from({ length: 10_000 }, (_, i) => {
    const subject = Uint8Array.from(template.subject);
    subject.set(Buffer.from(String(i).padStart(5, '0')), subject.length - 5);
    return { ...template, subject };
  });
  const intermediates = [...crowd, ca.certificate];
  const change = { chain: [leaf.der], trustAnchors: [anchorOf(root)], intermediates };
  for (let i = 0; i < 50; i++) expect(outcome(change)).toEqual(pathOf(leaf, ca, root));
});
