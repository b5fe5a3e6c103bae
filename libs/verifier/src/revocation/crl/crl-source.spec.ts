import { DerReader, encodeNull, equalBytes, encodeSmallInteger, Oid, Tag } from '@touchmark/der';
import {
  generateTestKey,
  hostileVariants,
  makeTestCrl,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
  type TestCrlEntry,
  type TestCrlOptions,
  testDistributionPoints,
  type TestScope,
} from '@touchmark/testkit';
import { encodeExtension, encodeName } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { verifyPath } from '../../path/verify-path.js';
import { CrlSource, type CrlSourceOptions } from './crl-source.js';

const HOUR = 3600;
const DAY = 86_400;
const URI = 'http://crl.example/1.crl';
const OTHER_URI = 'http://crl.example/2.crl';
const root = TestCa.root();
const leaf = root.issue();
const sharded = issuePointing([{ distributionPoint: URI }]);
const someone: TestCrlEntry = { serialNumber: Uint8Array.of(9) };
const critical = encodeExtension('1.2.3', true, encodeNull());

function issuePointing(points: Parameters<typeof testDistributionPoints>[0], options: TestCertificateOptions = {}) {
  return root.issue({ ...options, extraExtensions: [testDistributionPoints(points)] });
}

function listed(certificate: TestCertificate = leaf, reasonCode?: TestCrlEntry['reasonCode']): TestCrlEntry {
  return { serialNumber: certificate.certificate, ...(reasonCode === undefined ? {} : { reasonCode }) };
}

interface Question {
  readonly at?: number;
  readonly below?: readonly TestCertificate[];
  readonly presented?: readonly TestCertificate[];
  readonly anchors?: readonly TestCertificate[];
  readonly whenUnknown?: 'allow';
}

/** What is answered about a certificate: `good`, or what the error says most. */
function ask(source: CrlSource, subject: TestCertificate = leaf, question: Question = {}): string {
  const result = verifyPath({
    chain: [subject, ...(question.presented ?? [])].map(({ der }) => der),
    trustAnchors: (question.anchors ?? [root]).map(({ certificate }) => certificate),
    intermediates: [],
    at: question.at ?? TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    revocation: { sources: [source], ...(question.whenUnknown ? { whenUnknown: question.whenUnknown } : {}) },
  });
  if (result.ok) return 'good';
  const { detail } = result.error;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because} ${detail.why}` : detail.code;
}

function holding(crls: readonly Uint8Array[], options: CrlSourceOptions = {}): CrlSource {
  const source = new CrlSource(options);
  for (const der of crls) expect(source.add(der)).toMatchObject({ ok: true });
  return source;
}

/** What is answered about `subject` where there is one CRL. */
function withCrl(options: TestCrlOptions, subject?: TestCertificate, rules?: CrlSourceOptions): string {
  return ask(holding([makeTestCrl(root, options)], rules), subject);
}

describe('CrlSource, complete CRLs', () => {
  it('says good, revoked with its reason, suspended', () => {
    expect(withCrl({ entries: [someone] })).toBe('good');
    expect(withCrl({})).toBe('good');
    expect(withCrl({ entries: [someone, listed(leaf, 'keyCompromise')] })).toBe('CERT_REVOKED');
    expect(withCrl({ entries: [listed(leaf, 'certificateHold')] })).toBe('CERT_SUSPENDED');
    expect(withCrl({ entries: [listed(leaf, 'removeFromCRL')] })).toBe('CERT_REVOKED');
    const source = holding([makeTestCrl(root, { entries: [{ ...listed(leaf, 'superseded'), revocationDate: 5 }] })]);
    const revoked = verifyPath({
      chain: [leaf.der],
      trustAnchors: [root.certificate],
      intermediates: [],
      at: TEST_NOW,
      purpose: 'client',
      requireExtKeyUsage: false,
      revocation: { sources: [source] },
    });
    expect(revoked).toMatchObject({ ok: false, error: { detail: { reason: 'superseded', revocationTime: 5 } } });
  });

  it('knows v1 CRLs, which have no number', () => {
    expect(withCrl({ version: 1, entries: [someone] })).toBe('good');
    expect(withCrl({ version: 1, entries: [listed()] })).toBe('CERT_REVOKED');
  });

  it('asks about every certificate of the path', () => {
    const issuing = root.issueCa();
    const device = issuing.issue();
    const ofRoot = makeTestCrl(root);
    const ofIssuing = makeTestCrl(issuing);
    const presented = [issuing];
    expect(ask(holding([ofRoot, ofIssuing]), device, { presented })).toBe('good');
    expect(ask(holding([ofRoot]), device, { presented })).toBe('absent CRL_MISSING');
    expect(ask(holding([ofIssuing]), device, { presented })).toBe('absent CRL_MISSING');
    const revoking = makeTestCrl(root, { entries: [listed(issuing)] });
    expect(ask(holding([revoking, ofIssuing]), device, { presented })).toBe('CERT_REVOKED');
  });

  it('finds the issuer by RFC 5280 7.1, whatever case its CRL is written in', () => {
    const issuer = encodeName([{ type: Oid.commonName, value: 'TEST  ROOT' }]);
    expect(withCrl({ issuer, entries: [listed()] })).toBe('CERT_REVOKED');
  });
});

describe('CrlSource, time', () => {
  const crl = makeTestCrl(root, { entries: [listed(sharded)] });

  it.each([
    ['its first second', TEST_NOW - DAY, 'good'],
    ['its last second', TEST_NOW + DAY, 'good'],
    ['the second after', TEST_NOW + DAY + 1, 'stale CRL_STALE'],
    ['a clock a minute behind', TEST_NOW - DAY - 60, 'good'],
    ['a clock further behind', TEST_NOW - DAY - 61, 'absent CRL_NOT_YET_VALID'],
  ])('in %s', (_name, at, answer) => {
    expect(ask(holding([crl]), leaf, { at })).toBe(answer);
  });

  it('past nextUpdate a CRL still proves what it lists', () => {
    expect(ask(holding([crl]), sharded, { at: TEST_NOW + 9 * DAY })).toBe('CERT_REVOKED');
  });

  it('without nextUpdate a CRL is refused, or holds as long as the option says', () => {
    const der = makeTestCrl(root, { nextUpdate: null, thisUpdate: TEST_NOW });
    expect(new CrlSource().add(der)).toEqual({ ok: false, why: 'CRL_NEXT_UPDATE_MISSING' });
    const source = holding([der], { maxAgeWithoutNextUpdate: HOUR });
    expect(ask(source, leaf, { at: TEST_NOW + HOUR })).toBe('good');
    expect(ask(source, leaf, { at: TEST_NOW + HOUR + 1 })).toBe('stale CRL_STALE');
  });

  it('until a newer CRL is in force, the one before it is', () => {
    const next = makeTestCrl(root, { cRLNumber: 2n, thisUpdate: TEST_NOW + HOUR, entries: [listed()] });
    const source = holding([makeTestCrl(root), next]);
    expect(ask(source)).toBe('good');
    expect(ask(source, leaf, { at: TEST_NOW + HOUR })).toBe('CERT_REVOKED');
    // and from then on nothing older is, even for who asks about a time before
    expect(ask(source)).toBe('absent CRL_NOT_YET_VALID');
  });
});

describe('CrlSource, who signed', () => {
  const key = generateTestKey();

  it('believes the key of the issuer alone', () => {
    expect(withCrl({ signingKey: key })).toBe('absent CRL_SIGNATURE_INVALID');
    const named = TestCa.root({ subject: 'Test root', key });
    expect(ask(holding([makeTestCrl(named)]), leaf, { anchors: [root, named] })).toBe('absent CRL_SIGNATURE_INVALID');
    expect(ask(holding([makeTestCrl(named)]), leaf, { presented: [named] })).toBe('absent CRL_SIGNATURE_INVALID');
  });

  it('wants cRLSign where there is a keyUsage', () => {
    for (const [keyUsage, answer] of [
      [['keyCertSign'], 'absent CRL_SIGNER_NOT_AUTHORIZED'],
      [null, 'good'],
    ] as const) {
      const ca = TestCa.root({ keyUsage });
      expect(ask(holding([makeTestCrl(ca)]), ca.issue(), { anchors: [ca] })).toBe(answer);
    }
  });

  it('takes a separate key for CRLs, if it leads to the same anchor and is not revoked', () => {
    const ca = root.issueCa({ subject: 'CA', keyUsage: ['keyCertSign'] });
    const crlSigner = root.issueCa({ subject: 'CA', key, keyUsage: ['cRLSign'], basicConstraints: null });
    const device = ca.issue();
    const presented = [ca, crlSigner];
    const ofCa = makeTestCrl(crlSigner);
    expect(ask(holding([makeTestCrl(root), ofCa]), device, { presented })).toBe('good');
    const revoking = makeTestCrl(root, { entries: [listed(crlSigner)] });
    expect(ask(holding([revoking, ofCa]), device, { presented })).toBe('absent CRL_SIGNER_NOT_AUTHORIZED');
    const another = TestCa.root({ subject: 'Another' });
    const foreign = another.issueCa({ subject: 'CA', key, keyUsage: ['cRLSign'] });
    expect(
      ask(holding([makeTestCrl(root), ofCa]), device, { presented: [ca, foreign], anchors: [root, another] }),
    ).toBe('absent CRL_SIGNER_NOT_AUTHORIZED');
  });

  it('does not let a self-issued certificate speak for itself', () => {
    const rolled = root.issueCa({ subject: root.certificate.subject, key });
    const source = holding([makeTestCrl(rolled, { cRLNumber: 2n })]);
    expect(ask(source, rolled.issue(), { presented: [rolled] })).toBe('absent CRL_SIGNER_NOT_AUTHORIZED');
    // The old key speaks for the new one.
    source.add(makeTestCrl(root));
    expect(ask(source, rolled.issue(), { presented: [rolled] })).toBe('good');
  });
});

describe('CrlSource, extensions', () => {
  const malformedEntry = { ...someone, extraExtensions: [encodeExtension(Oid.reasonCode, false, Uint8Array.of(1, 1))] };
  const cases: readonly [string, TestCrlOptions, string][] = [
    ['an unknown critical one', { extraExtensions: [critical] }, 'unusable CRL_CRITICAL_EXTENSION'],
    [
      'an unknown one that is not critical',
      { extraExtensions: [encodeExtension('1.2.3', false, encodeNull())] },
      'good',
    ],
    [
      'an unknown critical one of any entry',
      { entries: [{ ...someone, extraExtensions: [critical] }] },
      'unusable CRL_CRITICAL_EXTENSION',
    ],
    [
      'certificateIssuer in a CRL of one issuer',
      { entries: [{ ...someone, certificateIssuer: root.certificate.subject }] },
      'unusable CRL_CRITICAL_EXTENSION',
    ],
    ['no cRLNumber', { cRLNumber: null }, 'unusable CRL_CRITICAL_EXTENSION'],
    [
      'a critical cRLNumber',
      { cRLNumber: null, extraExtensions: [encodeExtension(Oid.cRLNumber, true, encodeSmallInteger(1))] },
      'unusable CRL_CRITICAL_EXTENSION',
    ],
    ['a cRLNumber of 20 octets', { cRLNumber: (1n << 159n) - 1n }, 'good'],
    ['no authorityKeyIdentifier', { authorityKeyIdentifier: null }, 'good'],
    ['an authorityKeyIdentifier of nobody', { authorityKeyIdentifier: Uint8Array.of(1) }, 'good'],
    ['a serial number twice', { entries: [someone, listed(sharded), someone] }, 'unusable CRL_ENTRIES_MALFORMED'],
    ['a malformed extension on the entry of somebody else', { entries: [malformedEntry] }, 'good'],
    ['a malformed extension on its own entry', { entries: [{ ...malformedEntry, ...listed() }] }, 'CERT_REVOKED'],
  ];

  it.each(cases)('with %s', (_name, options, answer) => {
    expect(withCrl(options)).toBe(answer);
    expect(withCrl({ ...options, thisUpdate: TEST_NOW - 9 * DAY, nextUpdate: TEST_NOW - 8 * DAY })).toBe(
      answer === 'good' ? 'stale CRL_STALE' : answer,
    );
  });

  it('does not go on to an older CRL', () => {
    const newer = { cRLNumber: 2n, entries: [listed()], extraExtensions: [critical] };
    expect(ask(holding([makeTestCrl(root), makeTestCrl(root, newer)]))).toBe('unusable CRL_CRITICAL_EXTENSION');
  });

  it('is not to be forgiven by a policy', () => {
    const source = holding([makeTestCrl(root, { extraExtensions: [critical] })]);
    expect(ask(source, leaf, { whenUnknown: 'allow' })).toBe('unusable CRL_CRITICAL_EXTENSION');
    expect(ask(new CrlSource(), leaf, { whenUnknown: 'allow' })).toBe('good');
  });
});

/** Contents of an RDN with this commonName, and the name of the root with that behind it. */
const rdn = (value: string): Uint8Array =>
  new DerReader(encodeName([{ type: Oid.commonName, value }])).read(Tag.SEQUENCE).readContents(Tag.SET);
const below = (value: string): Uint8Array =>
  encodeName([
    { type: Oid.commonName, value: 'Test root' },
    { type: Oid.commonName, value },
  ]);

describe('CrlSource, scope', () => {
  const relative = issuePointing([{ distributionPoint: { relative: rdn('shard') } }]);
  const twoNames = issuePointing([
    {
      distributionPoint: [
        { kind: 'uniformResourceIdentifier', value: OTHER_URI },
        { kind: 'uniformResourceIdentifier', value: URI },
      ],
    },
  ]);
  const ca = root.issueCa({ subject: 'sub', extraExtensions: [testDistributionPoints([{ distributionPoint: URI }])] });
  const cases: readonly [string, TestCertificate, TestScope, string][] = [
    ['its own shard', sharded, { distributionPoint: URI }, 'good'],
    ['another shard', sharded, { distributionPoint: OTHER_URI }, 'absent CRL_SCOPE'],
    ['a shard whose URI differs in case', sharded, { distributionPoint: URI.toUpperCase() }, 'absent CRL_SCOPE'],
    ['one of its two names', twoNames, { distributionPoint: URI }, 'good'],
    ['a shard, and no distribution point', leaf, { distributionPoint: URI }, 'absent CRL_SCOPE'],
    [
      'the point of the issuer’s name, and none of its own',
      leaf,
      { distributionPoint: [{ kind: 'directoryName', value: root.certificate.subject }] },
      'good',
    ],
    ['a relative name on both sides', relative, { distributionPoint: { relative: rdn('shard') } }, 'good'],
    ['a relative name in another case', relative, { distributionPoint: { relative: rdn('SHARD') } }, 'good'],
    [
      'a relative name, and the whole one',
      relative,
      { distributionPoint: [{ kind: 'directoryName', value: below('shard') }] },
      'good',
    ],
    ['another relative name', relative, { distributionPoint: { relative: rdn('other') } }, 'absent CRL_SCOPE'],
    ['user certificates', leaf, { onlyContains: 'user' }, 'good'],
    ['CA certificates', leaf, { onlyContains: 'ca' }, 'absent CRL_SCOPE'],
    ['attribute certificates', leaf, { onlyContains: 'attribute' }, 'absent CRL_SCOPE'],
    ['some reasons', leaf, { onlySomeReasons: ['keyCompromise', 'certificateHold'] }, 'absent CRL_REASONS'],
    ['other issuers too', leaf, { indirectCRL: true }, 'absent CRL_INDIRECT'],
  ];

  it.each(cases)('%s', (_name, subject, scope, answer) => {
    expect(withCrl({ scope }, subject)).toBe(answer);
    // What is in scope revokes, for whatever reasons and issuers; what is not says nothing.
    const revoked = answer === 'good' || answer === 'absent CRL_REASONS' ? 'CERT_REVOKED' : answer;
    expect(withCrl({ scope, entries: [listed(subject)] }, subject)).toBe(revoked);
  });

  it('CA certificates and user certificates apart', () => {
    const device = ca.issue();
    const ofCa = makeTestCrl(ca);
    const forUsers = makeTestCrl(root, { scope: { onlyContains: 'user' } });
    const forCas = makeTestCrl(root, { scope: { onlyContains: 'ca', distributionPoint: URI } });
    expect(ask(holding([ofCa, forUsers]), device, { presented: [ca] })).toBe('absent CRL_SCOPE');
    expect(ask(holding([ofCa, forUsers, forCas]), device, { presented: [ca] })).toBe('good');
  });

  it('all reasons, from several CRLs and several points', () => {
    const compromise = ['keyCompromise', 'cACompromise', 'aACompromise'] as const;
    const rest = [
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'certificateHold',
      'privilegeWithdrawn',
    ] as const;
    const subject = issuePointing([
      { distributionPoint: URI, reasons: compromise },
      { distributionPoint: OTHER_URI, reasons: rest },
    ]);
    const first = makeTestCrl(root, { scope: { distributionPoint: URI, onlySomeReasons: compromise } });
    const second = makeTestCrl(root, { scope: { distributionPoint: OTHER_URI, onlySomeReasons: rest } });
    expect(ask(holding([first, second]), subject)).toBe('good');
    expect(ask(holding([first]), subject)).toBe('absent CRL_REASONS');
    const wide = makeTestCrl(root, { scope: { distributionPoint: URI } });
    expect(ask(holding([wide]), subject)).toBe('absent CRL_REASONS');
    const revoking = makeTestCrl(root, { scope: { distributionPoint: OTHER_URI }, entries: [listed(subject)] });
    expect(ask(holding([first, revoking]), subject)).toBe('CERT_REVOKED');
    const held = { distributionPoint: URI, onlySomeReasons: compromise };
    const holds = makeTestCrl(root, { scope: held, entries: [listed(subject, 'certificateHold')] });
    expect(ask(holding([holds, second]), subject)).toBe('CERT_SUSPENDED');
    expect(ask(holding([holds, revoking]), subject)).toBe('CERT_REVOKED');
  });
});

describe('CrlSource, delta CRLs', () => {
  const base = { cRLNumber: 5n, entries: [listed(sharded, 'certificateHold')] };
  const cases: readonly [string, TestCrlOptions, string, string][] = [
    ['nothing new', {}, 'good', 'CERT_SUSPENDED'],
    ['a new revocation', { entries: [listed()] }, 'CERT_REVOKED', 'CERT_SUSPENDED'],
    ['a release', { entries: [listed(sharded, 'removeFromCRL')] }, 'good', 'good'],
    ['a hold that became a revocation', { entries: [listed(sharded, 'superseded')] }, 'good', 'CERT_REVOKED'],
    [
      'a release from a later base',
      { baseCRLNumber: 6n, entries: [listed(sharded, 'removeFromCRL')] },
      'good',
      'CERT_SUSPENDED',
    ],
    ['a revocation from a later base', { baseCRLNumber: 6n, entries: [listed()] }, 'CERT_REVOKED', 'CERT_SUSPENDED'],
    ['a revocation that is no newer', { cRLNumber: 5n, entries: [listed()] }, 'good', 'CERT_SUSPENDED'],
    [
      'a revocation of another scope',
      { scope: { distributionPoint: URI }, entries: [listed()] },
      'good',
      'CERT_SUSPENDED',
    ],
    [
      'a revocation under another key identifier',
      { authorityKeyIdentifier: null, entries: [listed()] },
      'good',
      'CERT_SUSPENDED',
    ],
    [
      'a stale release',
      { nextUpdate: TEST_NOW - 1, entries: [listed(sharded, 'removeFromCRL')] },
      'good',
      'CERT_SUSPENDED',
    ],
    ['a stale revocation', { nextUpdate: TEST_NOW - 1, entries: [listed()] }, 'CERT_REVOKED', 'CERT_SUSPENDED'],
    [
      'a release to come',
      { thisUpdate: TEST_NOW + HOUR, entries: [listed(sharded, 'removeFromCRL')] },
      'good',
      'CERT_SUSPENDED',
    ],
    [
      'a forged release',
      { signingKey: generateTestKey(), entries: [listed(sharded, 'removeFromCRL')] },
      'good',
      'CERT_SUSPENDED',
    ],
  ];

  it.each(cases)('%s', (_name, delta, unlisted, held) => {
    const crls = [makeTestCrl(root, base), makeTestCrl(root, { cRLNumber: 6n, baseCRLNumber: 5n, ...delta })];
    for (const order of [crls, crls.toReversed()]) {
      const source = holding(order);
      expect([ask(source), ask(source, sharded)]).toEqual([unlisted, held]);
    }
  });

  it('alone it proves revocations, and nothing else', () => {
    const source = holding([makeTestCrl(root, { cRLNumber: 6n, baseCRLNumber: 5n, entries: [listed(sharded)] })]);
    expect([ask(source), ask(source, sharded)]).toEqual(['absent CRL_BASE_MISSING', 'CERT_REVOKED']);
  });

  it('makes a stale complete CRL fresh', () => {
    const stale = makeTestCrl(root, { ...base, thisUpdate: TEST_NOW - 9 * DAY, nextUpdate: TEST_NOW - 8 * DAY });
    expect(ask(holding([stale]))).toBe('stale CRL_STALE');
    expect(ask(holding([stale, makeTestCrl(root, { cRLNumber: 6n, baseCRLNumber: 4n })]))).toBe('good');
    expect(ask(holding([stale, makeTestCrl(root, { cRLNumber: 7n, baseCRLNumber: 6n })]))).toBe('stale CRL_STALE');
  });

  it('must be signed by the key of the complete CRL', () => {
    const rolled = root.issueCa({ subject: root.certificate.subject });
    const delta = makeTestCrl(rolled, {
      cRLNumber: 6n,
      baseCRLNumber: 5n,
      entries: [listed(sharded, 'removeFromCRL')],
    });
    const source = holding([makeTestCrl(root, base), delta]);
    expect(ask(source, sharded, { presented: [rolled] })).toBe('CERT_SUSPENDED');
  });
});

describe('CrlSource, indirect CRLs', () => {
  const issuing = root.issueCa({ subject: 'issuing' });
  const authority = root.issueCa({ subject: 'revocation authority', keyUsage: ['cRLSign'], basicConstraints: null });
  const point = testDistributionPoints([{ distributionPoint: URI, cRLIssuer: authority.certificate.subject }]);
  const device = issuing.issue({ extraExtensions: [point] });
  const presented = [issuing, authority];
  const scope = { distributionPoint: URI, indirectCRL: true };
  const sameSerial = { serialNumber: device.certificate.serialNumber };
  const ofIssuing = { certificateIssuer: issuing.certificate.subject };
  const ofSomeone = { certificateIssuer: encodeName([{ type: Oid.commonName, value: 'someone' }]) };

  const judge = (options: TestCrlOptions, rules: CrlSourceOptions = { indirect: true }): string =>
    ask(holding([makeTestCrl(root), makeTestCrl(authority, { scope, ...options })], rules), device, { presented });

  const cases: readonly [string, readonly TestCrlEntry[], string][] = [
    ['no entry', [], 'good'],
    ['its number without an issuer: that of the CRL', [sameSerial], 'good'],
    ['its number and issuer', [{ ...sameSerial, ...ofIssuing }], 'CERT_REVOKED'],
    ['its number and another issuer', [{ ...sameSerial, ...ofSomeone }], 'good'],
    ['its issuer carried forward', [{ ...someone, ...ofIssuing }, sameSerial], 'CERT_REVOKED'],
    [
      'another issuer carried forward',
      [{ ...someone, ...ofIssuing }, { serialNumber: Uint8Array.of(8), ...ofSomeone }, sameSerial],
      'good',
    ],
    [
      'its number for both',
      [
        { ...sameSerial, ...ofSomeone },
        { ...sameSerial, ...ofIssuing },
      ],
      'CERT_REVOKED',
    ],
    [
      'its number twice for one issuer',
      [{ ...sameSerial, ...ofIssuing }, sameSerial],
      'unusable CRL_ENTRIES_MALFORMED',
    ],
  ];

  it.each(cases)('%s', (_name, entries, answer) => {
    expect(judge({ entries })).toBe(answer);
  });

  it('only where both sides say so', () => {
    expect(judge({}, {})).toBe('absent CRL_INDIRECT');
    expect(judge({ scope: { distributionPoint: URI } })).toBe('absent CRL_SCOPE');
    expect(judge({ scope: { ...scope, distributionPoint: OTHER_URI } })).toBe('absent CRL_SCOPE');
    // without a name in the point, that of cRLIssuer is meant
    const nameless = testDistributionPoints([{ cRLIssuer: authority.certificate.subject }]);
    const named = [{ kind: 'directoryName', value: authority.certificate.subject }] as const;
    const crls = [
      makeTestCrl(root),
      makeTestCrl(authority, { scope: { distributionPoint: named, indirectCRL: true } }),
    ];
    const subject = issuing.issue({ extraExtensions: [nameless] });
    expect(ask(holding(crls, { indirect: true }), subject, { presented })).toBe('good');
    const undelegated = issuing.issue();
    expect(ask(holding(crls, { indirect: true }), undelegated, { presented })).toBe('absent CRL_MISSING');
  });
});

describe('CrlSource.add', () => {
  it('refuses what is no CRL, and options that are no numbers', () => {
    expect(new CrlSource().add(leaf.der)).toEqual({ ok: false, why: 'CRL_MALFORMED' });
    expect(() => new CrlSource({ maxOctets: Number.NaN })).toThrow(TypeError);
    expect(() => new CrlSource({ maxAgeWithoutNextUpdate: -1 })).toThrow(TypeError);
  });

  it('throws nothing on hostile variants, and believes none', () => {
    const crl = makeTestCrl(root, { scope: { distributionPoint: URI }, entries: [someone] });
    const variants = hostileVariants(crl, 5);
    const source = new CrlSource({ maxAgeWithoutNextUpdate: HOUR });
    const taken: Uint8Array[] = [];
    for (let i = 0; i < 1000; i++) {
      const { value: variant } = variants.next();
      if (!equalBytes(variant, crl) && source.add(variant).ok) taken.push(variant);
    }
    expect(taken.length).toBeGreaterThan(100);
    expect(taken.length).toBeLessThan(300);
    expect(ask(source, sharded)).toBe('absent CRL_SIGNATURE_INVALID');
  });
});
