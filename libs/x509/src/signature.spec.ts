import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';

import {
  encodeBitString,
  encodeExplicit,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  encodeOctetString,
  equalBytes,
  Oid,
  toHex,
} from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import {
  generateTestKey,
  hostileVariant,
  signTestBits,
  TestCa,
  type TestKey,
  type TestKeyKind,
} from '@touchmark/testkit';

import { encodeRsassaPssParameters } from './rsassa-pss-parameters.js';
import {
  encodeSignatureAlgorithm,
  type SignatureAlgorithmName,
  type SignatureCheck,
  verifySignature,
  verifySignatureInPool,
} from './signature.js';
import { parseSubjectPublicKeyInfo } from './subject-public-key-info.js';

const ACCEPTED: readonly [TestKeyKind, SignatureAlgorithmName][] = [
  ['EC P-256', 'ecdsaWithSHA256'],
  ['EC P-256', 'ecdsaWithSHA384'],
  ['EC P-256', 'ecdsaWithSHA512'],
  ['EC P-384', 'ecdsaWithSHA256'],
  ['EC P-384', 'ecdsaWithSHA384'],
  ['EC P-384', 'ecdsaWithSHA512'],
  ['EC P-521', 'ecdsaWithSHA256'],
  ['EC P-521', 'ecdsaWithSHA384'],
  ['EC P-521', 'ecdsaWithSHA512'],
  ['Ed25519', 'ed25519'],
  ['RSA', 'sha256WithRSAEncryption'],
  ['RSA', 'sha384WithRSAEncryption'],
  ['RSA', 'sha512WithRSAEncryption'],
  ['RSA', 'rsassaPssWithSHA256'],
  ['RSA', 'rsassaPssWithSHA384'],
  ['RSA', 'rsassaPssWithSHA512'],
  ['RSASSA-PSS', 'rsassaPssWithSHA256'],
  ['RSASSA-PSS', 'rsassaPssWithSHA512'],
  ['ML-DSA-44', 'mlDsa44'],
  ['ML-DSA-65', 'mlDsa65'],
  ['ML-DSA-87', 'mlDsa87'],
];

// RSA keys take the longest of all to make.
const keys = new Map<TestKeyKind, TestKey>();
function keyOf(kind: TestKeyKind): TestKey {
  const key = keys.get(kind) ?? generateTestKey(kind);
  keys.set(kind, key);
  return key;
}

function checkOf(key: TestKey): SignatureCheck {
  const { certificate } = TestCa.root({ key }).issue();
  return {
    algorithm: certificate.signatureAlgorithm,
    subjectPublicKeyInfo: key.subjectPublicKeyInfo,
    data: certificate.tbsCertificate,
    signature: certificate.signature,
  };
}

function spkiOf(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ format: 'der', type: 'spki' });
}

describe('verifySignature', () => {
  it.each(ACCEPTED)('accepts what %s signed with %s and node:crypto accepts, and nothing else', async (kind, signs) => {
    const root = TestCa.root({ key: { ...keyOf(kind), signs } });
    const { certificate, der } = root.issue();
    const check = checkOf(root.key);
    expect(new X509Certificate(der).verify(new X509Certificate(root.der).publicKey)).toBe(true);
    expect(verifySignature(check)).toBe(true);
    await expect(verifySignatureInPool(check)).resolves.toBe(true);
    expect(verifySignature({ ...check, data: certificate.tbsCertificate })).toBe(false);
    expect(verifySignature({ ...check, signature: new Uint8Array(3) })).toBe(false);
    expect(verifySignature({ ...check, signature: new Uint8Array() })).toBe(false);
    expect(verifySignature({ ...check, signature: check.signature.subarray(1) })).toBe(false);
    expect(verifySignature({ ...check, signature: Uint8Array.of(...check.signature, 0) })).toBe(false);
    const damaged = check.signature.with(20, check.signature[20]! ^ 1);
    await expect(verifySignatureInPool({ ...check, signature: damaged })).resolves.toBe(false);
  });

  it.each(['sha256WithRSAEncryption', 'rsassaPssWithSHA256'] as const)(
    'refuses an RSA signature without the zeros that it begins with, which OpenSSL takes: %s',
    async (signs) => {
      const key = { ...keyOf('RSA'), signs };
      const algorithm = { oid: '', der: encodeSignatureAlgorithm(signs) };
      const { subjectPublicKeyInfo } = key;
      let data: Uint8Array;
      let signature: Uint8Array;
      // one in 256
      for (let n = 0; ; n++) {
        data = encodeInteger(Uint8Array.of(n >> 8, n));
        signature = signTestBits(data, key);
        if (signature[0] === 0) break;
      }
      const check = { algorithm, subjectPublicKeyInfo, data, signature };
      const short = { ...check, signature: signature.subarray(1) };
      expect([verifySignature(check), await verifySignatureInPool(check)]).toEqual([true, true]);
      expect([verifySignature(short), await verifySignatureInPool(short)]).toEqual([false, false]);
    },
  );

  it('takes RSA PKCS#1 v1.5 without parameters for the same as with NULL (RFC 4055 5), and that alone', () => {
    const check = checkOf(keyOf('RSA'));
    const der = encodeSequence(encodeOid(check.algorithm.oid));
    expect(der).not.toEqual(check.algorithm.der);
    expect(verifySignature({ ...check, algorithm: { ...check.algorithm, der } })).toBe(true);
    const signature = Uint8Array.from(check.signature, (octet) => octet ^ 1);
    expect(verifySignature({ ...check, signature, algorithm: { ...check.algorithm, der } })).toBe(false);
  });

  it.each([
    ['SHA-1 with ECDSA', Oid.ecdsaWithSHA1, [], 'SHA-256'],
    ['SHA-224 with ECDSA', Oid.ecdsaWithSHA224, [], 'SHA-256'],
    ['SHA-1 with RSA', Oid.sha1WithRSAEncryption, [encodeNull()], 'SHA-256'],
    ['MD5 with RSA', Oid.md5WithRSAEncryption, [encodeNull()], 'SHA-256'],
    ['ECDSA with parameters', Oid.ecdsaWithSHA256, [encodeNull()], 'listed algorithm'],
    [
      'RSA with an OCTET STRING',
      Oid.sha256WithRSAEncryption,
      [encodeOctetString(new Uint8Array())],
      'listed algorithm',
    ],
    ['Ed448', Oid.ed448, [], 'listed algorithm'],
    ['ML-DSA with NULL', Oid.mlDsa44, [encodeNull()], 'listed algorithm'],
    ['HashML-DSA-44 with SHA-512', '2.16.840.1.101.3.4.3.32', [], 'listed algorithm'],
    ['HashML-DSA-87 with SHA-512', '2.16.840.1.101.3.4.3.34', [], 'listed algorithm'],
    ['DSA with SHA-256', '2.16.840.1.101.3.4.3.2', [], 'listed algorithm'],
  ] as const)('refuses %s before it looks at the signature', (_name, oid, parameters, floor) => {
    const der = encodeSequence(encodeOid(oid), ...parameters);
    expect(() => verifySignature({ ...checkOf(keyOf('EC P-256')), algorithm: { oid, der } })).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_UNSUPPORTED', oid, floor }),
    );
  });

  it.each<[TestKeyKind, SignatureAlgorithmName]>([
    ['RSA', 'ecdsaWithSHA256'],
    ['EC P-256', 'sha256WithRSAEncryption'],
    ['EC P-256', 'rsassaPssWithSHA256'],
    ['RSASSA-PSS', 'sha256WithRSAEncryption'],
    ['Ed25519', 'ecdsaWithSHA256'],
    ['ML-DSA-44', 'mlDsa65'],
    ['ML-DSA-87', 'ed25519'],
  ])('refuses for %s the algorithm %s, a good signature included', (kind, name) => {
    const der = encodeSignatureAlgorithm(name);
    const check = { ...checkOf(keyOf(kind)), algorithm: { oid: '1.2.3', der } };
    expect(() => verifySignature(check)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_KEY_MISMATCH', floor: 'algorithm of the key' }),
    );
  });

  it.each(ACCEPTED)('says of mutated signatures of %s with %s what node:crypto says', (kind, signs) => {
    const key = { ...keyOf(kind), signs };
    const issuer = new X509Certificate(TestCa.root({ key }).der).publicKey;
    const { algorithm, data, signature } = checkOf(key);
    const differing = Array.from({ length: 12 }, (_, n) => hostileVariant(signature, 41, n)).filter((variant) => {
      const der = encodeSequence(data, algorithm.der, encodeBitString(variant));
      const isSame = equalBytes(variant, signature);
      const check = { algorithm, subjectPublicKeyInfo: key.subjectPublicKeyInfo, data, signature: variant };
      const theirs = new X509Certificate(der).verify(issuer);
      // A zero less at its beginning is for the test above.
      return verifySignature(check) !== isSame || (theirs !== isSame && variant.length >= signature.length);
    });
    expect(differing.map(toHex)).toEqual([]);
  });

  it('refuses a key below policy, asynchronously too', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const check = { ...checkOf(keyOf('RSA')), subjectPublicKeyInfo: spkiOf(publicKey) };
    expect(() => verifySignature(check)).toThrow(expect.objectContaining({ code: 'KEY_WEAK' }));
    await expect(verifySignatureInPool(check)).rejects.toMatchObject({ code: 'KEY_WEAK' });
  });

  it.each([
    ['raw halves (IEEE P1363)', (r: Uint8Array, s: Uint8Array) => Uint8Array.of(...r, ...s)],
    ['a length in BER', (r: Uint8Array, s: Uint8Array) => ber(encodeInteger(r), encodeInteger(s))],
    [
      'a third INTEGER',
      (r: Uint8Array, s: Uint8Array) => encodeSequence(encodeInteger(r), encodeInteger(s), encodeInteger(s)),
    ],
    ['r = 0', (_r: Uint8Array, s: Uint8Array) => encodeSequence(encodeSmallInteger(0), encodeInteger(s))],
    ['s = 0', (r: Uint8Array) => encodeSequence(encodeInteger(r), encodeSmallInteger(0))],
    [
      's plus the order',
      (r: Uint8Array, s: Uint8Array) => encodeSequence(encodeInteger(r), encodeInteger(plusOrder(s))),
    ],
  ])('does not take an ECDSA signature with %s', (_name, change) => {
    const check = checkOf(keyOf('EC P-256'));
    const halves = sign('sha256', check.data, { key: keyOf('EC P-256').privateKey, dsaEncoding: 'ieee-p1363' });
    const [r, s] = [halves.subarray(0, 32), halves.subarray(32)];
    expect(verifySignature({ ...check, signature: encodeSequence(encodeInteger(r), encodeInteger(s)) })).toBe(true);
    expect(verifySignature({ ...check, signature: change(r, s) })).toBe(false);
  });

  it('writes the AlgorithmIdentifiers that it reads', () => {
    expect(Buffer.from(encodeSignatureAlgorithm('ecdsaWithSHA256')).toString('hex')).toBe('300a06082a8648ce3d040302');
    expect(Buffer.from(encodeSignatureAlgorithm('ed25519')).toString('hex')).toBe('300506032b6570');
    expect(Buffer.from(encodeSignatureAlgorithm('mlDsa44')).toString('hex')).toBe('300b0609608648016503040311');
    expect(Buffer.from(encodeSignatureAlgorithm('rsassaPssWithSHA256')).toString('hex')).toBe(
      '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
    );
  });
});

function outcome(...parameters: Uint8Array[]): unknown {
  const der = encodeSequence(encodeOid(Oid.rsassaPss), ...parameters);
  const check = checkOf({ ...keyOf('RSA'), signs: 'rsassaPssWithSHA256' });
  try {
    return verifySignature({ ...check, algorithm: { oid: Oid.rsassaPss, der } });
  } catch (error) {
    return error;
  }
}

/** A key for RSASSA-PSS with SHA-256 alone. */
function restricted(saltLength: number): TestKey {
  const { privateKey, subjectPublicKeyInfo } = keyOf('RSA');
  const { subjectPublicKey } = parseSubjectPublicKeyInfo(subjectPublicKeyInfo);
  const algorithm = encodeSequence(encodeOid(Oid.rsassaPss), encodeRsassaPssParameters(Oid.sha256, saltLength));
  const spki = encodeSequence(algorithm, encodeBitString(subjectPublicKey));
  return { kind: 'RSASSA-PSS', privateKey, subjectPublicKeyInfo: spki };
}

const mgf1 = (hash: Uint8Array): Uint8Array => encodeSequence(encodeOid(Oid.mgf1), hash);

const salt = (octets: number): Uint8Array => encodeExplicit(2, encodeSmallInteger(octets));

describe('RSASSA-PSS', () => {
  const sha1 = encodeSequence(encodeOid(Oid.sha1), encodeNull());
  const sha256 = encodeSequence(encodeOid(Oid.sha256), encodeNull());
  const bareSha256 = encodeSequence(encodeOid(Oid.sha256));
  const sha384 = encodeSequence(encodeOid(Oid.sha384), encodeNull());

  it('takes the four encodings of its parameters (RFC 4055 2.1)', () => {
    for (const hash of [sha256, bareSha256]) {
      for (const mask of [sha256, bareSha256]) {
        const parameters = encodeSequence(encodeExplicit(0, hash), encodeExplicit(1, mgf1(mask)), salt(32));
        expect(outcome(parameters)).toBe(true);
      }
    }
  });

  it.each([
    ['all defaults, which are SHA-1', [encodeSequence()], 'SHA-256'],
    ['SHA-1 by name', [encodeSequence(encodeExplicit(0, sha1), encodeExplicit(1, mgf1(sha1)))], 'SHA-256'],
    [
      'another hash in MGF1',
      [encodeSequence(encodeExplicit(0, sha256), encodeExplicit(1, mgf1(sha384)), salt(32))],
      'MGF1 and salt of the hash',
    ],
    ['MGF1 with SHA-1 by default', [encodeSequence(encodeExplicit(0, sha256), salt(32))], 'MGF1 and salt of the hash'],
    [
      'the salt of 20 octets by default',
      [encodeSequence(encodeExplicit(0, sha256), encodeExplicit(1, mgf1(sha256)))],
      'MGF1 and salt of the hash',
    ],
    [
      'no salt',
      [encodeSequence(encodeExplicit(0, sha256), encodeExplicit(1, mgf1(sha256)), salt(0))],
      'MGF1 and salt of the hash',
    ],
    [
      'a salt of 64 octets',
      [encodeSequence(encodeExplicit(0, sha256), encodeExplicit(1, mgf1(sha256)), salt(64))],
      'MGF1 and salt of the hash',
    ],
    [
      'a default that is written down',
      [encodeSequence(encodeExplicit(0, sha256), encodeExplicit(1, mgf1(sha256)), salt(20))],
      undefined,
    ],
    [
      'trailerField 1 that is written down',
      [
        encodeSequence(
          encodeExplicit(0, sha256),
          encodeExplicit(1, mgf1(sha256)),
          salt(32),
          encodeExplicit(3, encodeSmallInteger(1)),
        ),
      ],
      undefined,
    ],
    [
      'trailerField 2',
      [
        encodeSequence(
          encodeExplicit(0, sha256),
          encodeExplicit(1, mgf1(sha256)),
          salt(32),
          encodeExplicit(3, encodeSmallInteger(2)),
        ),
      ],
      undefined,
    ],
    [
      'another mask generation function',
      [
        encodeSequence(
          encodeExplicit(0, sha256),
          encodeExplicit(1, encodeSequence(encodeOid('1.2.3'), sha256)),
          salt(32),
        ),
      ],
      undefined,
    ],
    ['no parameters', [], undefined],
    ['NULL', [encodeNull()], undefined],
  ] as const)('refuses %s', (_name, parameters, floor) => {
    expect(outcome(...parameters)).toMatchObject({ code: 'SIGNATURE_ALGORITHM_UNSUPPORTED', floor });
  });

  it('is held to the parameters of its key, the salt being the shortest allowed (RFC 4055 3.1)', () => {
    const key = restricted(32);
    expect(verifySignature(checkOf(key))).toBe(true);
    expect(verifySignature(checkOf(restricted(24)))).toBe(true);
    const sha384Of = encodeSignatureAlgorithm('rsassaPssWithSHA384');
    const check = { ...checkOf(key), algorithm: { oid: Oid.rsassaPss, der: sha384Of } };
    expect(() => verifySignature(check)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_KEY_MISMATCH', floor: 'algorithm of the key' }),
    );
  });

  it('does not take a signature that was made with another salt', () => {
    const key = keyOf('RSA');
    const check = checkOf({ ...key, signs: 'rsassaPssWithSHA256' });
    const signature = sign('sha256', check.data, { key: key.privateKey, padding: 6, saltLength: 20 });
    expect(verifySignature({ ...check, signature })).toBe(false);
  });
});

// The length of the SEQUENCE in two octets where one would do.
function ber(...elements: Uint8Array[]): Uint8Array {
  const [tag = 0, length = 0, ...contents] = encodeSequence(...elements);
  return Uint8Array.of(tag, 0x81, length, ...contents);
}

function plusOrder(s: Uint8Array): Uint8Array {
  const order = 0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_bce6_faad_a717_9e84_f3b9_cac2_fc63_2551n;
  const sum = BigInt(`0x${Buffer.from(s).toString('hex')}`) + order;
  return Uint8Array.from(Buffer.from(sum.toString(16).padStart(66, '0'), 'hex'));
}

describe('ML-DSA as its key is encoded', () => {
  it('is the octets of FIPS 204 in the BIT STRING (RFC 9881 4)', () => {
    const { subjectPublicKeyInfo } = keyOf('ML-DSA-44');
    const bits = subjectPublicKeyInfo.subarray(-1312);
    expect(encodeSequence(encodeSignatureAlgorithm('mlDsa44'), encodeBitString(bits))).toEqual(subjectPublicKeyInfo);
  });
});
