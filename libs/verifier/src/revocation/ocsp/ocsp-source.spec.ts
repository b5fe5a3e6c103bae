import {
  encodeEnumerated,
  encodeExplicit,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  equalBytes,
  fromHex,
  Oid,
} from '@touchmark/der';
import {
  generateTestKey,
  hostileVariants,
  makeTestOcspResponse,
  OpensslFolder,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
  type TestOcspResponseOptions,
  type TestSingleResponse,
} from '@touchmark/testkit';
import {
  encodeExtension,
  encodeOcspNocheck,
  encodePem,
  encodeSignatureAlgorithm,
  parseOcspRequest,
  parseOcspResponse,
} from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import type { VerifierErrorDetail } from '../../error.js';
import { verifyPath } from '../../path/verify-path.js';
import { Denylist } from '../denylist.js';
import type { RevocationPolicy, RevocationSource } from '../revocation-source.js';
import { ocspRequestFor } from './ocsp-request.js';
import { OcspSource, type OcspSourceOptions } from './ocsp-source.js';

const root = TestCa.root({ subject: 'Root' });
const issuing = root.issueCa({ subject: 'Issuing' });
const leaf = issuing.issue();
const other = issuing.issue();
const nocheck = encodeExtension(Oid.ocspNocheck, false, encodeOcspNocheck());

function delegateOf(ca: TestCa, options: TestCertificateOptions = {}): TestCertificate {
  return ca.issue({ subject: 'OCSP', extKeyUsage: [Oid.OCSPSigning], extraExtensions: [nocheck], ...options });
}
const delegate = delegateOf(issuing);

/** A response about the leaf that says good, by the delegate, but for the changes. */
function response(single: Partial<TestSingleResponse> = {}, change: Partial<TestOcspResponseOptions> = {}): Uint8Array {
  return makeTestOcspResponse({
    issuer: issuing,
    signer: delegate,
    responses: [{ of: leaf, ...single }],
    ...change,
  });
}

interface Case {
  readonly at?: number;
  readonly options?: OcspSourceOptions;
  readonly policy?: Partial<RevocationPolicy>;
  readonly beside?: readonly RevocationSource[];
  readonly chain?: readonly Uint8Array[];
}

/** What a path says whose end entity is asked about by OCSP. */
function judgeBy(source: OcspSource, { at = TEST_NOW, policy, beside = [], chain = [leaf.der] }: Case = {}) {
  const result = verifyPath({
    chain,
    trustAnchors: [root.certificate],
    intermediates: [issuing.certificate],
    at,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: { sources: [source, ...beside], scope: 'end-entity', ...policy },
  });
  return result.ok ? 'accepted' : result.error.detail;
}

function judge(der: Uint8Array, how: Case = {}): VerifierErrorDetail | 'accepted' {
  const source = new OcspSource(how.options);
  expect(source.add(der)).toEqual({ ok: true });
  return judgeBy(source, how);
}

/** `accepted`, the code, or why status is not known. */
function inShort(detail: VerifierErrorDetail | 'accepted'): string {
  if (detail === 'accepted') return detail;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because}: ${detail.why ?? '-'}` : detail.code;
}

describe('OcspSource takes the word of', () => {
  it.each<[string, Uint8Array]>([
    ['a delegate, by SHA-256', response()],
    ['a delegate, by SHA-1', response({ hashAlgorithm: 'sha1' })],
    ['a delegate by name', response({}, { responderId: 'byName' })],
    ['the issuer', response({}, { signer: issuing })],
    ['the issuer by name', response({}, { signer: issuing, responderId: 'byName' })],
    [
      'a delegate behind certificates that do not belong',
      response({}, { certs: [root.der, encodeSequence(), delegate.der] }),
    ],
    [
      'a delegate with more purposes',
      response({}, { signer: delegateOf(issuing, { extKeyUsage: [Oid.clientAuth, Oid.OCSPSigning] }) }),
    ],
    ['a delegate without keyUsage', response({}, { signer: delegateOf(issuing, { keyUsage: null }) })],
    ['a P-384 delegate', response({}, { signer: delegateOf(issuing, { key: generateTestKey('EC P-384') }) })],
    ['an RSA delegate', response({}, { signer: delegateOf(issuing, { key: generateTestKey('RSA') }) })],
  ])('%s', (_name, der) => {
    expect(inShort(judge(der))).toBe('accepted');
  });

  it('a delegate whose certificate was presented elsewhere', () => {
    expect(inShort(judge(response({}, { certs: [] })))).toBe('absent: OCSP_SIGNER_NOT_AUTHORIZED');
    expect(inShort(judge(response({}, { certs: [] }), { chain: [leaf.der, delegate.der] }))).toBe('accepted');
  });

  it('the SingleResponse that is ours, wherever it stands', () => {
    const revoked = { of: other, status: { revocationTime: TEST_NOW - 5 } };
    const source = new OcspSource();
    source.add(response({}, { responses: [revoked, { of: leaf }] }));
    expect(inShort(judgeBy(source))).toBe('accepted');
    expect(inShort(judgeBy(source, { chain: [other.der] }))).toBe('CERT_REVOKED');
  });
});

describe('OcspSource does not take the word of', () => {
  const stranger = TestCa.root({ subject: 'Issuing' });
  const sibling = root.issueCa({ subject: 'Issuing' });
  const below = issuing.issueCa({ extKeyUsage: [Oid.OCSPSigning] });
  it.each<[string, string, Uint8Array]>([
    ['a certificate of the same CA without OCSPSigning', 'OCSP_SIGNER_NOT_AUTHORIZED', response({}, { signer: other })],
    [
      'one with anyExtendedKeyUsage',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: delegateOf(issuing, { extKeyUsage: [Oid.anyExtendedKeyUsage] }) }),
    ],
    [
      'one that would inherit OCSPSigning from the CA above it',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: below.issue({ extKeyUsage: null }) }),
    ],
    [
      'one whose keyUsage has no digitalSignature',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: delegateOf(issuing, { keyUsage: ['keyAgreement'] }) }),
    ],
    ['a delegate of the CA above', 'OCSP_SIGNER_NOT_AUTHORIZED', response({}, { signer: delegateOf(root) })],
    ['a delegate of a CA below', 'OCSP_SIGNER_NOT_AUTHORIZED', response({}, { signer: delegateOf(below) })],
    [
      'a delegate of another CA of the same name',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: delegateOf(stranger) }),
    ],
    [
      'a delegate of a sibling of the same name',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: delegateOf(sibling) }),
    ],
    ['the CA above', 'OCSP_SIGNER_NOT_AUTHORIZED', response({}, { signer: root })],
    [
      'a delegate with a critical extension that nobody knows',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response(
        {},
        { signer: delegateOf(issuing, { extraExtensions: [nocheck, encodeExtension('1.2.3', true, encodeNull())] }) },
      ),
    ],
    [
      'a signer that responderID does not mean',
      'OCSP_SIGNER_NOT_AUTHORIZED',
      response({}, { signer: delegate, responderId: encodeExplicit(2, encodeOctetString(new Uint8Array(20))) }),
    ],
    [
      'another key under the issuer’s name',
      'OCSP_SIGNATURE_INVALID',
      response({}, { signer: issuing, signingKey: other.key }),
    ],
    ['another key under the delegate’s name', 'OCSP_SIGNATURE_INVALID', response({}, { signingKey: other.key })],
    [
      'a signature that says it is of SHA-1',
      'OCSP_ALGORITHM_REFUSED',
      response({}, { signatureAlgorithm: encodeSequence(encodeOid(Oid.ecdsaWithSHA1)) }),
    ],
    [
      'a signature of another kind of key',
      'OCSP_ALGORITHM_REFUSED',
      response({}, { signatureAlgorithm: encodeSignatureAlgorithm('ed25519') }),
    ],
  ])('%s', (_name, why, der) => {
    expect(inShort(judge(der))).toBe(`absent: ${why}`);
    // It is as if nothing had been said: neither forgiven as what is old, nor refused where nothing needs to be known.
    expect(inShort(judge(der, { policy: { whenStale: 'allow' } }))).toBe(`absent: ${why}`);
    expect(inShort(judge(der, { policy: { whenUnknown: 'allow' } }))).toBe('accepted');
  });

  it('a response about another certificate, issuer or hash', () => {
    expect(inShort(judge(response({ of: other })))).toBe('absent: -');
    expect(inShort(judge(response({}, { issuer: root, signer: delegateOf(root) })))).toBe('absent: -');
    const sha256 = fromHex('608648016503040201');
    const ofWrongLength = encodeSequence(
      encodeSequence(encodeOid('2.16.840.1.101.3.4.2.1')),
      encodeOctetString(sha256),
      encodeOctetString(sha256),
      encodeSmallInteger(1),
    );
    expect(new OcspSource().add(response({ certId: ofWrongLength }))).toEqual({ ok: false, why: 'OCSP_NOTHING_SAID' });
  });
});

describe('OcspSource and time', () => {
  const skew = 60;
  const next = TEST_NOW + 3600;
  it.each<[string, number, Partial<TestSingleResponse>, number?]>([
    ['accepted', next + skew, {}],
    ['stale: OCSP_STALE', next + skew + 1, {}],
    ['accepted', TEST_NOW - 60 - skew, {}],
    ['absent: OCSP_NOT_YET_VALID', TEST_NOW - 60 - skew - 1, {}],
    ['unusable: OCSP_TIMES_CONTRADICT', TEST_NOW, { nextUpdate: TEST_NOW - 61 }],
    ['unusable: OCSP_TIMES_CONTRADICT', TEST_NOW, { thisUpdate: TEST_NOW + 1 }],
    ['absent: OCSP_NOT_YET_VALID', TEST_NOW, {}, TEST_NOW + 61],
    ['unusable: OCSP_NEXT_UPDATE_MISSING', TEST_NOW, { nextUpdate: null }],
    ['absent: OCSP_UNKNOWN', TEST_NOW, { status: 'unknown' }],
    ['stale: OCSP_STALE', next + skew + 1, { status: 'unknown' }],
  ])('says %s at %d of %j', (outcome, at, single, producedAt = TEST_NOW - 60) => {
    expect(inShort(judge(response(single, { producedAt }), { at }))).toBe(outcome);
  });

  it('goes by an age where the caller says one for responses without nextUpdate', () => {
    const options = { maxAgeWithoutNextUpdate: 100, maxClockSkew: 0 };
    const der = response({ nextUpdate: null });
    expect(inShort(judge(der, { options, at: TEST_NOW + 40 }))).toBe('accepted');
    expect(inShort(judge(der, { options, at: TEST_NOW + 41 }))).toBe('stale: OCSP_STALE');
  });

  it('forgives what is stale or absent where the policy does', () => {
    const policy = { whenStale: 'allow' } as const;
    expect(inShort(judge(response(), { at: next + 100, policy }))).toBe('accepted');
    expect(inShort(judge(response({ status: 'unknown' }), { policy: { whenUnknown: 'allow' } }))).toBe('accepted');
  });

  it('says revoked however old that is, with its reason and time', () => {
    const revoked = { status: { revocationTime: TEST_NOW - 100, reason: 'keyCompromise' } } as const;
    const says = { code: 'CERT_REVOKED', reason: 'keyCompromise', revocationTime: TEST_NOW - 100 };
    expect(judge(response(revoked))).toMatchObject(says);
    expect(judge(response(revoked), { at: next + 86_400, policy: { whenStale: 'allow' } })).toMatchObject(says);
    const hold = { status: { revocationTime: TEST_NOW - 100, reason: 'certificateHold' } } as const;
    expect(inShort(judge(response(hold)))).toBe('CERT_SUSPENDED');
  });

  it('needs a delegate that is valid at the time', () => {
    const { notAfter } = delegate.certificate;
    const longLived = delegateOf(issuing, { notAfter: TEST_NOW + 10 });
    expect(inShort(judge(response({}, { signer: longLived }), { at: TEST_NOW + 10 }))).toBe('accepted');
    expect(inShort(judge(response({}, { signer: longLived }), { at: TEST_NOW + 11 }))).toBe(
      'unusable: OCSP_DELEGATE_EXPIRED',
    );
    const unborn = delegateOf(issuing, { notBefore: TEST_NOW + 1, notAfter });
    expect(inShort(judge(response({}, { signer: unborn })))).toBe('unusable: OCSP_DELEGATE_EXPIRED');
  });
});

describe('the delegate’s own revocation', () => {
  const checked = delegateOf(issuing, { extraExtensions: [] });
  const der = response({}, { signer: checked });

  it('is asked of other sources where nocheck is missing, never of OCSP', () => {
    expect(inShort(judge(der))).toBe('unusable: OCSP_DELEGATE_STATUS_UNKNOWN');
    const about = makeTestOcspResponse({ issuer: issuing, signer: issuing, responses: [{ of: checked }] });
    const source = new OcspSource();
    source.add(der);
    source.add(about);
    expect(inShort(judgeBy(source))).toBe('unusable: OCSP_DELEGATE_STATUS_UNKNOWN');
  });

  it('counts when another source knows it', () => {
    // A list says who is revoked, not who is good.
    expect(inShort(judge(der, { beside: [new Denylist()] }))).toBe('unusable: OCSP_DELEGATE_STATUS_UNKNOWN');
    const crls: RevocationSource = { kind: 'crl', find: () => ({ status: 'good' }) };
    expect(inShort(judge(der, { beside: [crls] }))).toBe('accepted');
    const { issuer, serialNumber } = checked.certificate;
    const listed = new Denylist([{ issuer, serialNumber }]);
    // The list says good of the end entity, and revoked of who signed for it: what OCSP says is void, the list's word stands.
    const silent: RevocationSource = {
      kind: 'crl',
      find: (question) =>
        equalBytes(question.subject.der, leaf.der) ? { status: 'unknown', because: 'absent' } : listed.find(question),
    };
    expect(inShort(judge(der, { beside: [silent] }))).toBe('unusable: OCSP_DELEGATE_STATUS_UNKNOWN');
  });
});

describe('OcspSource.add', () => {
  const nonce = new Uint8Array(32).fill(7);
  const critical = [encodeExtension('1.2.3', true, encodeNull())];
  it.each<[string, Uint8Array]>([
    ['malformedRequest', fromHex('30030a0101')],
    ['internalError', fromHex('30030a0102')],
    ['tryLater', fromHex('30030a0103')],
    ['sigRequired', fromHex('30030a0105')],
    ['unauthorized', fromHex('30030a0106')],
    ['OCSP_MALFORMED', new Uint8Array(0)],
    ['OCSP_MALFORMED', encodeSequence(encodeEnumerated(0))],
    ['OCSP_MALFORMED', response().subarray(0, -1)],
    ['OCSP_TOO_LARGE', new Uint8Array(65_537)],
    ['OCSP_TOO_LARGE', response({}, { responses: Array.from({ length: 65 }, () => ({ of: leaf })) })],
    ['OCSP_TOO_LARGE', response({}, { certs: Array.from({ length: 9 }, () => delegate.der) })],
    ['OCSP_NOTHING_SAID', response({}, { responses: [] })],
    ['OCSP_CRITICAL_EXTENSION', response({ singleExtensions: critical })],
    ['OCSP_CRITICAL_EXTENSION', response({}, { responseExtensions: critical })],
  ])('answers %s', (why, der) => {
    const source = new OcspSource();
    expect(source.add(der)).toEqual({ ok: false, why });
    expect([source.changes, inShort(judgeBy(source))]).toEqual([0, 'absent: -']);
  });

  it.each<[string, Uint8Array | undefined, Uint8Array | undefined, OcspSourceOptions]>([
    ['kept', nonce, nonce, {}],
    ['kept', nonce, nonce, { requireNonce: true }],
    ['kept', undefined, nonce, {}],
    ['OCSP_NONCE_MISSING', undefined, nonce, { requireNonce: true }],
    ['OCSP_NONCE_DIFFERS', new Uint8Array(32), nonce, {}],
    ['OCSP_NONCE_DIFFERS', nonce.subarray(1), nonce, {}],
    ['kept', nonce, undefined, { requireNonce: true }],
  ])('%s: nonce %o where %o was asked, under %j', (outcome, given, asked, options) => {
    const der = response({}, given === undefined ? {} : { nonce: given });
    const added = new OcspSource(options).add(der, asked === undefined ? {} : { nonce: asked });
    expect(added.ok ? 'kept' : added.why).toBe(outcome);
  });

  it('takes the bare nonce of old responders', () => {
    const der = response({}, { responseExtensions: [encodeExtension(Oid.ocspNonce, false, nonce)] });
    expect(new OcspSource().add(der, { nonce })).toEqual({ ok: true });
  });

  it('reads octets of its own', () => {
    const source = new OcspSource();
    const der = response();
    source.add(der);
    der.fill(0);
    expect(inShort(judgeBy(source))).toBe('accepted');
  });

  it.each([{ maxClockSkew: -1 }, { maxAnswers: Number.NaN }, { maxAgeWithoutNextUpdate: Number.POSITIVE_INFINITY }])(
    'TypeError for %j',
    (options) => {
      expect(() => new OcspSource(options)).toThrow(TypeError);
    },
  );
});

describe('what OcspSource keeps', () => {
  const revokedAt = (thisUpdate: number): Uint8Array =>
    response({ status: { revocationTime: TEST_NOW - 500 }, thisUpdate });
  const goodAt = (thisUpdate: number): Uint8Array => response({ thisUpdate });

  it.each([
    ['CERT_REVOKED', [goodAt(TEST_NOW - 200), revokedAt(TEST_NOW - 100)]],
    ['CERT_REVOKED', [revokedAt(TEST_NOW - 100), goodAt(TEST_NOW - 200)]],
    ['accepted', [revokedAt(TEST_NOW - 200), goodAt(TEST_NOW - 100)]],
    ['CERT_REVOKED', [goodAt(TEST_NOW - 100), revokedAt(TEST_NOW - 100)]],
    ['CERT_REVOKED', [revokedAt(TEST_NOW - 100), goodAt(TEST_NOW - 100)]],
    ['CERT_REVOKED', [response({ hashAlgorithm: 'sha1', thisUpdate: TEST_NOW - 200 }), revokedAt(TEST_NOW - 100)]],
  ])('is the latest word: %s', (outcome, ders) => {
    const together = new OcspSource();
    for (const der of ders) together.add(der);
    expect(inShort(judgeBy(together))).toBe(outcome);
    const asked = new OcspSource();
    for (const der of ders) {
      asked.add(der);
      judgeBy(asked);
    }
    expect(inShort(judgeBy(asked))).toBe(outcome);
  });

  it('is not pushed out by what is not proven', () => {
    const source = new OcspSource({ maxPendingOctets: 4096 });
    source.add(revokedAt(TEST_NOW - 100));
    expect(inShort(judgeBy(source))).toBe('CERT_REVOKED');
    for (let i = 0; i < 50; i++) source.add(response({ thisUpdate: TEST_NOW - i }, { signingKey: other.key }));
    expect(inShort(judgeBy(source))).toBe('CERT_REVOKED');
  });

  it('is bounded: of answers the longest unrenewed goes, and then nothing is known', () => {
    const source = new OcspSource({ maxAnswers: 1 });
    source.add(response());
    judgeBy(source);
    source.add(response({ of: other }));
    expect(inShort(judgeBy(source, { chain: [other.der] }))).toBe('accepted');
    expect(inShort(judgeBy(source))).toBe('absent: -');
  });

  it('is bounded before anybody asks, too', () => {
    const source = new OcspSource({ maxPendingOctets: response().length + 100 });
    source.add(response());
    source.add(response({ of: other }));
    expect(inShort(judgeBy(source, { chain: [other.der] }))).toBe('accepted');
    expect(inShort(judgeBy(source))).toBe('absent: -');
  });

  it('counts what is new', () => {
    const source = new OcspSource();
    const der = response();
    source.add(der);
    expect(source.changes).toBe(0);
    judgeBy(source);
    source.add(der);
    expect(source.changes).toBe(1);
    source.add(response({ thisUpdate: TEST_NOW - 59 }));
    expect(source.changes).toBe(2);
  });

  it('does not try a forgery twice', () => {
    const source = new OcspSource();
    source.add(response({}, { signingKey: other.key }));
    expect(inShort(judgeBy(source))).toBe('absent: OCSP_SIGNATURE_INVALID');
    expect(inShort(judgeBy(source))).toBe('absent: -');
  });
});

function folderWith(): OpensslFolder {
  const folder = new OpensslFolder();
  for (const [name, { der, key }] of Object.entries({ root, issuing, delegate, leaf, other })) {
    folder.write(`${name}.pem`, encodePem('CERTIFICATE', der));
    folder.write(`${name}.key`, key.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  }
  const lines = [
    `V\t270101000000Z\t\t${hexSerial(leaf)}\tunknown\t/CN=x`,
    `R\t270101000000Z\t260101000000Z,keyCompromise\t${hexSerial(other)}\tunknown\t/CN=y`,
  ];
  folder.write('index', `${lines.join('\n')}\n`);
  return folder;
}

function hexSerial({ certificate }: TestCertificate): string {
  return Buffer.from(certificate.serialNumber).toString('hex').toUpperCase();
}

describe('OcspSource and openssl', () => {
  it.each([
    ['the delegate', ['-rsigner', 'delegate.pem', '-rkey', 'delegate.key']],
    ['the delegate by key', ['-rsigner', 'delegate.pem', '-rkey', 'delegate.key', '-resp_key_id']],
    ['the issuer', ['-rsigner', 'issuing.pem', '-rkey', 'issuing.key']],
  ])('our request, answered by openssl as %s, says what its index says', (_name, signer) => {
    using folder = folderWith();
    const nonce = new Uint8Array(32).fill(9);
    // Its responder goes by the real clock, so times are judged by what it says.
    const outcomes = [leaf, other].map(({ der, certificate }) => {
      const request = ocspRequestFor(der, issuing.der, nonce);
      expect(ocspRequestFor(certificate, issuing.certificate, nonce)).toEqual(request);
      folder.write('req.der', request);
      folder.run(
        'ocsp',
        '-index',
        'index',
        '-CA',
        'issuing.pem',
        ...signer,
        '-reqin',
        'req.der',
        '-respout',
        'resp.der',
        '-ndays',
        '1',
      );
      const source = new OcspSource({ requireNonce: true, maxClockSkew: 1e9 });
      expect(source.add(folder.read('resp.der'), { nonce })).toEqual({ ok: true });
      expect(source.add(folder.read('resp.der'), { nonce: new Uint8Array(32) })).toEqual({
        ok: false,
        why: 'OCSP_NONCE_DIFFERS',
      });
      return judgeBy(source, { chain: [der] });
    });
    expect(outcomes).toEqual([
      'accepted',
      expect.objectContaining({
        code: 'CERT_REVOKED',
        reason: 'keyCompromise',
        revocationTime: Date.UTC(2026, 0, 1) / 1000,
      }),
    ]);
  });

  it('takes of the testkit’s responses what we take', () => {
    using folder = folderWith();
    const verify = (der: Uint8Array): string => {
      folder.write('resp.der', der);
      const at = ['-attime', String(TEST_NOW)];
      const asked = ['-issuer', 'issuing.pem', '-sha256', '-cert', 'leaf.pem'];
      try {
        return folder.run(
          'ocsp',
          '-respin',
          'resp.der',
          ...asked,
          '-CAfile',
          'root.pem',
          '-verify_other',
          'issuing.pem',
          '-no_nonce',
          '-validity_period',
          '1000000000',
          ...at,
        );
      } catch (error) {
        return String(error);
      }
    };
    const cases: readonly [string, Uint8Array][] = [
      ['good', response()],
      ['revoked', response({ status: { revocationTime: TEST_NOW - 5 } })],
      ['unknown', response({ status: 'unknown' })],
    ];
    for (const [says, der] of cases) expect(verify(der)).toContain(`leaf.pem: ${says}`);
    const forged = response({}, { signer: other });
    expect([verify(forged).includes('leaf.pem: good'), inShort(judge(forged))]).toEqual([
      false,
      'absent: OCSP_SIGNER_NOT_AUTHORIZED',
    ]);
  });
});

describe('ocspRequestFor', () => {
  it('asks about one certificate by SHA-256, with the nonce', () => {
    const { requestList, nonce } = parseOcspRequest(ocspRequestFor(leaf.der, issuing.der, new Uint8Array(32).fill(3)));
    expect(requestList.map(({ hashAlgorithm, serialNumber }) => [hashAlgorithm, serialNumber])).toEqual([
      [Oid.sha256, leaf.certificate.serialNumber],
    ]);
    expect(nonce).toEqual(encodeOctetString(new Uint8Array(32).fill(3)));
    expect(parseOcspRequest(ocspRequestFor(leaf.der, issuing.der)).nonce).toBeUndefined();
  });

  it.each([0, 16, 31, 33])('takes no nonce of %d octets', (length) => {
    expect(() => ocspRequestFor(leaf.der, issuing.der, new Uint8Array(length))).toThrow(TypeError);
  });
});

function signedIn(der: Uint8Array): unknown {
  const parsed = parseOcspResponse(der);
  return parsed.responseStatus === 'successful' ? [parsed.basic.tbsResponseData, parsed.basic.signature] : undefined;
}

describe('OcspSource under attack', () => {
  it('believes no hostile variant, and throws nothing', () => {
    const original = response();
    const variants = hostileVariants(original, 31);
    let source = new OcspSource();
    for (let i = 0; i < 400; i++) {
      const { value } = variants.next();
      source.add(value);
      if (judgeBy(source) !== 'accepted') continue;
      // Nobody signs the certificates that come with a response.
      expect(signedIn(value)).toEqual(signedIn(original));
      source = new OcspSource();
    }
  });

  it('spends what is bounded on forged delegates', () => {
    const source = new OcspSource();
    const forger = TestCa.root({ subject: 'Issuing' });
    const forged = Array.from({ length: 8 }, () => delegateOf(forger, { key: delegate.key }).der);
    for (let i = 0; i < 40; i++) source.add(response({ thisUpdate: TEST_NOW - i }, { certs: forged }));
    expect(inShort(judgeBy(source))).toBe('absent: OCSP_SIGNER_NOT_AUTHORIZED');
  });
});
