import { createPublicKey, KeyObject } from 'node:crypto';

import {
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  Oid,
} from '@touchmark/der';
import {
  fixedKey,
  generateTestKey,
  makeTestCrl,
  seededRandom,
  TEST_NOW,
  TestCa,
  type TestKey,
  withCrypto,
} from '@touchmark/testkit';
import { bySeat, CrlSource, type PathRequest, verifyPath } from '@touchmark/verifier';
import { encodeSignatureAlgorithm, parseCertificate } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

const UNITS = new Map([
  ['ec secp521r1', 24],
  ['ec secp384r1', 10],
  ['ml-dsa-87', 4],
  ['rsa 8192', 12],
]);
const LIMIT = 300;

/** Of a check with this key, as it is given to `verify`. */
function unitsOf(given: unknown): number {
  const key =
    given instanceof KeyObject ? given : Object.values(Object(given)).find((value) => value instanceof KeyObject);
  if (key === undefined) throw new TypeError('no key');
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  return UNITS.get([key.asymmetricKeyType, namedCurve ?? modulusLength].join(' ').trim()) ?? 1;
}

/** An RSA key that nobody has, of this many bits: an odd number of the right size. Nothing that it signed is needed. */
function strangersRsaKey(bits: number): TestKey {
  const random = seededRandom(bits);
  const modulus = Uint8Array.from({ length: bits / 8 }, () => Math.floor(random() * 256));
  modulus[0] = 0xc5;
  modulus[modulus.length - 1] = 0x21;
  const key = encodeSequence(encodeInteger(modulus), encodeSmallInteger(65_537));
  const algorithm = encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull());
  return { ...fixedKey(1), subjectPublicKeyInfo: encodeSequence(algorithm, encodeBitString(key)) };
}

const root = TestCa.root({ subject: 'Root', key: fixedKey(1) });
const strangersKey = generateTestKey('EC P-521');
const expensive = {
  'P-521': { key: generateTestKey('EC P-521'), signs: 'ecdsaWithSHA512' },
  'ML-DSA-87': { key: generateTestKey('ML-DSA-87'), signs: 'mlDsa87' },
  'RSA-8192': { key: strangersRsaKey(8192), signs: 'sha256WithRSAEncryption' },
} as const;
type Kind = keyof typeof expensive;
const KINDS: readonly Kind[] = ['P-521', 'ML-DSA-87', 'RSA-8192'];

/**
 * The answer's code, and what was really asked of node:crypto, in units of a P-256 check by the kind of key: the budget's own count is
 * not believed.
 */
function judge(change: Partial<PathRequest> & Pick<PathRequest, 'chain'>): { code: string; units: number } {
  let units = 0;
  const request: PathRequest = {
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'any',
    requireExtKeyUsage: false,
    revocation: bySeat({ statusOf: () => 'valid' }),
    monotonic: () => 0,
    ...change,
  };
  const result = withCrypto(
    ({ verify }) => ({
      verify: (...given: unknown[]): unknown => {
        units += unitsOf(given[2]);
        return Reflect.apply(verify, undefined, given);
      },
    }),
    () => verifyPath(request),
  );
  return { code: result.ok ? 'accepted' : result.error.code, units };
}

/** An end entity that nobody signed, whose signature can only be checked with an expensive key. */
function forged(kind: Kind): Uint8Array {
  const signatureAlgorithm = encodeSignatureAlgorithm(expensive[kind].signs);
  const maze = TestCa.root({ subject: 'Maze', key: fixedKey(8) });
  const { certificate } = maze.issue({ key: fixedKey(7), signatureAlgorithm });
  // As long as an RSA-8192 signature, which node:crypto is not asked about otherwise.
  return encodeSequence(certificate.tbsCertificate, signatureAlgorithm, encodeBitString(new Uint8Array(1024).fill(1)));
}

function importedKey({ subjectPublicKeyInfo }: TestKey): KeyObject {
  return createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' });
}

describe('What node:crypto is asked for is 300 units at most', () => {
  it.each(KINDS)('of 100 CAs with one name and one %s key, known or presented', (kind) => {
    const { key } = expensive[kind];
    const cas = Array.from({ length: 100 }, () => root.issueCa({ subject: 'Maze', key }));
    const end = forged(kind);
    const known = judge({ chain: [end], intermediates: cas.map(({ certificate }) => certificate) });
    expect(known.code).toBe('BUDGET_EXCEEDED');
    expect(known.units).toBeGreaterThan(LIMIT - 25);
    expect(known.units).toBeLessThanOrEqual(LIMIT);
    const presented = judge({ chain: [end, ...cas.slice(0, 9).map(({ der }) => der)] });
    expect(presented).toEqual({ code: 'BAD_SIGNATURE', units: 9 * unitsOf(importedKey(key)) });
  });

  it.each(['P-521', 'ML-DSA-87'] as const)('of CAs with %s keys that certify each other in circles', (kind) => {
    const { key } = expensive[kind];
    const circle = ['A', 'B', 'C'].map((subject) => TestCa.root({ subject, key }));
    const crosses = circle.flatMap((issuer) =>
      circle
        .filter((ca) => ca !== issuer)
        .flatMap(({ certificate }) => [issuer, issuer].map((by) => by.issueCa({ subject: certificate.subject, key }))),
    );
    const [first] = circle;
    const end = first?.issueDer({ key: fixedKey(7) }) ?? new Uint8Array();
    const { code, units } = judge({ chain: [end], intermediates: crosses.map(({ certificate }) => certificate) });
    expect(['UNKNOWN_ISSUER', 'BUDGET_EXCEEDED']).toContain(code);
    expect(units).toBeGreaterThan(unitsOf(importedKey(key)));
    expect(units).toBeLessThanOrEqual(LIMIT);
  });

  it('of 20 CRLs that nobody signed, under a P-521 key', () => {
    const { key } = expensive['P-521'];
    const ca = root.issueCa({ subject: 'Issuing', key });
    const source = new CrlSource();
    for (let n = 1; n <= 20; n++) {
      source.add(makeTestCrl(ca, { cRLNumber: BigInt(n), signingKey: strangersKey }));
    }
    const chain = [ca.issueDer({ key: fixedKey(7) }), ca.der];
    const { code, units } = judge({ chain, revocation: { sources: [source], scope: 'end-entity' } });
    expect(code).toBe('STATUS_UNKNOWN');
    expect(units).toBeGreaterThan(unitsOf(importedKey(key)));
    expect(units).toBeLessThanOrEqual(LIMIT);
  });

  it('and nothing of 2,001 expired CAs of one name', () => {
    const { der } = root.issueCa({ subject: 'Maze', key: fixedKey(2), notAfter: TEST_NOW - 1 });
    // Nobody has a look at their signatures, so those tell them apart.
    const cas = Array.from({ length: 2001 }, (_, n) =>
      parseCertificate(Uint8Array.of(...der.subarray(0, -2), n >> 8, n)),
    );
    const end = TestCa.root({ subject: 'Maze', key: fixedKey(2) }).issueDer({ key: fixedKey(7) });
    expect(judge({ chain: [end], intermediates: cas })).toEqual({ code: 'BUDGET_EXCEEDED', units: 0 });
  });
});
