import { X509Certificate } from 'node:crypto';

import { encodeBitString, encodeNull, encodeOid, encodeSequence, Oid } from '@touchmark/der';
import { encodeSignatureAlgorithm, type SignatureAlgorithmName } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey, TEST_NOW, TestCa, type TestKey, type TestKeyKind } from '@touchmark/testkit';

import { bySeat } from '../revocation/seat-source.js';
import type { PathRequest } from './path-request.js';
import { verifyPath } from './verify-path.js';

// RSA keys take the longest of all to make.
const keys = new Map<TestKeyKind, TestKey>();
function keyOf(kind: TestKeyKind): TestKey {
  const key = keys.get(kind) ?? generateTestKey(kind);
  keys.set(kind, key);
  return key;
}

const root = TestCa.root({ subject: 'Root' });

function refusal(chain: readonly Uint8Array[], anchor = root, change: Partial<PathRequest> = {}) {
  const result = verifyPath({
    chain,
    trustAnchors: [anchor.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: bySeat({ statusOf: () => 'valid' }),
    ...change,
  });
  return result.ok ? 'accepted' : result.error.detail;
}

/** A path in which everybody has a key of this kind. */
function hierarchy(
  kind: TestKeyKind,
  signs?: SignatureAlgorithmName,
  cas = 1,
): { chain: Uint8Array[]; anchor: TestCa } {
  const key = (): TestKey => ({
    ...(kind.includes('RSA') ? keyOf(kind) : generateTestKey(kind)),
    ...(signs && { signs }),
  });
  const anchor = TestCa.root({ subject: 'Anchor', key: key() });
  const chain: Uint8Array[] = [];
  let issuer = anchor;
  for (let i = 1; i <= cas; i++) {
    issuer = issuer.issueCa({ subject: `CA ${i}`, key: key() });
    chain.unshift(issuer.der);
  }
  return { chain: [issuer.issue({ key: key() }).der, ...chain], anchor };
}

describe('a path', () => {
  it.each<[TestKeyKind, SignatureAlgorithmName | undefined]>([
    ['EC P-256', 'ecdsaWithSHA512'],
    ['EC P-384', 'ecdsaWithSHA256'],
    ['EC P-521', 'ecdsaWithSHA256'],
    ['Ed25519', undefined],
    ['RSA', 'sha384WithRSAEncryption'],
    ['RSA', 'rsassaPssWithSHA256'],
    ['RSASSA-PSS', 'rsassaPssWithSHA512'],
    ['ML-DSA-44', undefined],
    ['ML-DSA-65', undefined],
    ['ML-DSA-87', undefined],
  ])('of %s with %s throughout is accepted, as node:crypto accepts its signatures', (kind, signs) => {
    const { chain, anchor } = hierarchy(kind, signs);
    const certificates = [...chain, anchor.der].map((der) => new X509Certificate(der));
    for (const [i, issuer] of certificates.slice(1).entries())
      expect(certificates[i]!.verify(issuer.publicKey)).toBe(true);
    expect(refusal(chain, anchor)).toBe('accepted');
  });

  it('of five ML-DSA-87 certificates stays within the limits on octets', () => {
    const { chain, anchor } = hierarchy('ML-DSA-87', undefined, 4);
    expect(Math.max(...chain.map((der) => der.length))).toBeGreaterThan(7400);
    expect(refusal(chain, anchor)).toBe('accepted');
  });

  it('of ML-DSA whose end entity another key has signed is refused', () => {
    const anchor = TestCa.root({ key: generateTestKey('ML-DSA-44') });
    const leaf = anchor.issueDer({ key: generateTestKey('ML-DSA-44'), signingKey: generateTestKey('ML-DSA-44') });
    expect(refusal([leaf], anchor)).toEqual({ code: 'BAD_SIGNATURE', depth: 0 });
  });
});

describe('the floor', () => {
  const code = 'SIGNATURE_ALGORITHM_REFUSED';

  it.each([
    ['SHA-1', encodeSequence(encodeOid(Oid.ecdsaWithSHA1)), Oid.ecdsaWithSHA1, 'SHA-256'],
    [
      'SHA-1 with RSA',
      encodeSequence(encodeOid(Oid.sha1WithRSAEncryption), encodeNull()),
      Oid.sha1WithRSAEncryption,
      'SHA-256',
    ],
    [
      'RSASSA-PSS as it is by default',
      encodeSequence(encodeOid(Oid.rsassaPss), encodeSequence()),
      Oid.rsassaPss,
      'SHA-256',
    ],
    [
      'HashML-DSA-44',
      encodeSequence(encodeOid('2.16.840.1.101.3.4.3.32')),
      '2.16.840.1.101.3.4.3.32',
      'listed algorithm',
    ],
    ['an algorithm of another key', encodeSignatureAlgorithm('ed25519'), Oid.ed25519, 'algorithm of the key'],
  ] as const)('refuses %s and says what it falls short of', (_name, signatureAlgorithm, oid, floor) => {
    expect(refusal([root.issueDer({ signatureAlgorithm })])).toEqual({ code, depth: 0, oid, floor });
    const ca = root.issueCa({ signatureAlgorithm });
    expect(refusal([ca.issue().der, ca.der])).toEqual({ code, depth: 1, oid, floor });
  });

  it.each([
    ['RSA of 1024 bits', generateTestKey('RSA', 1024), 'RSA 2048 bits'],
    ['RSASSA-PSS of 1024 bits', generateTestKey('RSASSA-PSS', 1024), 'RSA 2048 bits'],
    ['an unknown kind', unknownKey(encodeOid('1.2.3')), 'listed algorithm'],
    ['ML-KEM-512', unknownKey(encodeOid('2.16.840.1.101.3.4.4.1')), 'listed algorithm'],
    ['secp224r1', unknownKey(encodeOid(Oid.ecPublicKey), encodeOid('1.3.132.0.33')), 'P-256'],
  ] as const)(
    'refuses a key of %s and says what it falls short of, of an end entity and of its CA',
    (_name, key, floor) => {
      expect(refusal([root.issueDer({ key })])).toEqual({ code: 'KEY_REFUSED', depth: 0, floor });
      const ca = root.issueCa({ key, subject: 'Weak' });
      const leaf = root.issueDer({ issuer: ca.certificate.subject });
      expect(refusal([leaf, ca.der])).toEqual({ code: 'KEY_REFUSED', depth: 1, floor });
    },
  );

  it('refuses a point off its curve where it would have to verify with it', () => {
    const { subjectPublicKeyInfo, ...key } = generateTestKey();
    const off = subjectPublicKeyInfo.with(80, subjectPublicKeyInfo[80]! ^ 1);
    const ca = root.issueCa({ key: { ...key, subjectPublicKeyInfo: off }, subject: 'Off' });
    expect(refusal([ca.issue().der, ca.der])).toEqual({ code: 'CERTIFICATE_MALFORMED', depth: 1 });
  });
});

describe('keyUsage of an ML-DSA key', () => {
  it.each(['keyEncipherment', 'dataEncipherment', 'keyAgreement'] as const)(
    'must not say %s under rfc5280',
    (found) => {
      const leaf = root.issueDer({ key: keyOf('ML-DSA-44'), keyUsage: ['digitalSignature', found] });
      expect(refusal([leaf], root, { profile: 'rfc5280' })).toMatchObject({ code: 'PROFILE_VIOLATED', depth: 0 });
    },
  );

  it('may say all that signs', () => {
    const leaf = root.issueDer({ key: keyOf('ML-DSA-44'), keyUsage: ['digitalSignature', 'nonRepudiation'] });
    expect(refusal([leaf], root, { profile: 'rfc5280' })).toBe('accepted');
  });
});

/** A key that nothing is known of: its private half is never used. */
function unknownKey(...algorithm: Uint8Array[]): TestKey {
  const subjectPublicKeyInfo = encodeSequence(encodeSequence(...algorithm), encodeBitString(new Uint8Array(57)));
  return { ...generateTestKey(), subjectPublicKeyInfo };
}
