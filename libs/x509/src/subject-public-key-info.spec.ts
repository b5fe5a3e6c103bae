import { createHash, createPublicKey } from 'node:crypto';

import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence, Oid, toHex } from '@touchmark/der';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey, hostileVariants, type TestKeyKind } from '@touchmark/testkit';

import { X509Error } from './error.js';
import { encodeRsassaPssParameters } from './rsassa-pss-parameters.js';
import { checkKeyPolicy } from './key-policy.js';
import {
  importPublicKey,
  keyHashSha1,
  keyHashSha256,
  keyIdentifier,
  parseSubjectPublicKeyInfo,
  spkiSha256,
} from './subject-public-key-info.js';

const KINDS: TestKeyKind[] = [
  'EC P-256',
  'EC P-384',
  'EC P-521',
  'Ed25519',
  'RSA',
  'RSASSA-PSS',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
];

function rsaSpki(modulus: Uint8Array, exponent: number[]): Uint8Array {
  const key = encodeSequence(encodeInteger(modulus), encodeInteger(Uint8Array.from(exponent)));
  return encodeSequence(encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()), encodeBitString(key));
}

function pssSpki(parameters?: Uint8Array, modulusOctets = 256): Uint8Array {
  const modulus = new Uint8Array(modulusOctets).fill(0xff);
  const key = encodeSequence(encodeInteger(modulus), encodeInteger(Uint8Array.of(1, 0, 1)));
  const algorithm = encodeSequence(encodeOid(Oid.rsassaPss), ...(parameters === undefined ? [] : [parameters]));
  return encodeSequence(algorithm, encodeBitString(key));
}

describe('parseSubjectPublicKeyInfo', () => {
  it.each(KINDS)('knows %s, and policy allows it', (kind) => {
    const spki = parseSubjectPublicKeyInfo(generateTestKey(kind).subjectPublicKeyInfo);
    expect(spki.kind).toBe(kind);
    expect(() => checkKeyPolicy(spki)).not.toThrow();
  });

  it('reads modulus size and exponent of RSA', () => {
    const spki = parseSubjectPublicKeyInfo(generateTestKey('RSA').subjectPublicKeyInfo);
    expect(spki).toMatchObject({ kind: 'RSA', modulusBits: 2048, publicExponent: 65_537n });
  });

  it.each([
    ['RSA of 1024 bits', rsaSpki(new Uint8Array(128).fill(0xff), [1, 0, 1]), 'RSA 2048 bits'],
    ['RSA of 2040 bits', rsaSpki(new Uint8Array(255).fill(0xff), [1, 0, 1]), 'RSA 2048 bits'],
    ['RSA of 2049 bits', rsaSpki(Uint8Array.of(1, ...new Uint8Array(256).fill(0xff)), [1, 0, 1]), 'RSA whole octets'],
    ['RSA of 16384 bits', rsaSpki(new Uint8Array(2048).fill(0xff), [1, 0, 1]), 'RSA at most 8192 bits'],
    ['exponent 3', rsaSpki(new Uint8Array(256).fill(0xff), [3]), 'RSA exponent 65537'],
    ['an even exponent', rsaSpki(new Uint8Array(256).fill(0xff), [1, 0, 2]), 'RSA exponent odd, of at most 32 bits'],
    [
      'a long exponent',
      rsaSpki(new Uint8Array(256).fill(0xff), [1, 0, 0, 0, 1]),
      'RSA exponent odd, of at most 32 bits',
    ],
    ['RSASSA-PSS of 1024 bits', pssSpki(undefined, 128), 'RSA 2048 bits'],
    ['RSASSA-PSS for SHA-1', pssSpki(encodeSequence()), 'SHA-256'],
    ['RSASSA-PSS for SHA-224', pssSpki(encodeRsassaPssParameters('2.16.840.1.101.3.4.2.4', 28)), 'SHA-256'],
    [
      'RSASSA-PSS with a salt longer than its hash',
      pssSpki(encodeRsassaPssParameters(Oid.sha256, 33)),
      'MGF1 and salt of the hash',
    ],
  ])('lets policy refuse %s', (_name, der, floor) => {
    expect(() => checkKeyPolicy(parseSubjectPublicKeyInfo(der))).toThrow(
      expect.objectContaining({ code: 'KEY_WEAK', floor }),
    );
  });

  it('names what it does not use `other`, and policy refuses that', () => {
    const der = encodeSequence(encodeSequence(encodeOid('1.2.3')), encodeBitString(Uint8Array.of(1)));
    const spki = parseSubjectPublicKeyInfo(der);
    expect(spki.kind).toBe('other');
    expect(() => checkKeyPolicy(spki)).toThrow(expect.objectContaining({ code: 'KEY_UNSUPPORTED', oid: '1.2.3' }));
  });

  it.each([
    ['explicit curve parameters', encodeSequence(encodeOid(Oid.ecPublicKey), encodeSequence()), new Uint8Array(65)],
    ['no curve', encodeSequence(encodeOid(Oid.ecPublicKey)), new Uint8Array(65)],
    [
      'a compressed point',
      encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1)),
      new Uint8Array(33).fill(2),
    ],
    ['Ed25519 with NULL', encodeSequence(encodeOid(Oid.ed25519), encodeNull()), new Uint8Array(32)],
    ['Ed25519 of 31 octets', encodeSequence(encodeOid(Oid.ed25519)), new Uint8Array(31)],
    ['the point at infinity', encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1)), new Uint8Array(1)],
    [
      'a point in hybrid form',
      encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1)),
      new Uint8Array(65).fill(6),
    ],
    ['a curve inherited from the issuer', encodeSequence(encodeOid(Oid.ecPublicKey), encodeNull()), new Uint8Array(65)],
    ['RSA without NULL', encodeSequence(encodeOid(Oid.rsaEncryption)), new Uint8Array(31)],
    ['ML-DSA-44 with NULL', encodeSequence(encodeOid(Oid.mlDsa44), encodeNull()), new Uint8Array(1312)],
    ['ML-DSA-44 of 1311 octets', encodeSequence(encodeOid(Oid.mlDsa44)), new Uint8Array(1311)],
    ['ML-DSA-65 with a key of ML-DSA-44', encodeSequence(encodeOid(Oid.mlDsa65)), new Uint8Array(1312)],
    ['ML-DSA-87 in an OCTET STRING', encodeSequence(encodeOid(Oid.mlDsa87)), new Uint8Array(2596)],
    ['RSASSA-PSS with NULL', encodeSequence(encodeOid(Oid.rsassaPss), encodeNull()), new Uint8Array(31)],
  ])('refuses %s', (_name, algorithm, bits) => {
    const der = encodeSequence(algorithm, encodeBitString(bits));
    expect(() => parseSubjectPublicKeyInfo(der)).toThrow(
      expect.objectContaining({ code: 'SUBJECT_PUBLIC_KEY_INFO_MALFORMED' }),
    );
  });

  it('names a curve that it does not use `other`, and policy names its floor', () => {
    const algorithm = encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid('1.3.132.0.33'));
    const spki = parseSubjectPublicKeyInfo(encodeSequence(algorithm, encodeBitString(new Uint8Array(57))));
    expect(() => checkKeyPolicy(spki)).toThrow(
      expect.objectContaining({ code: 'KEY_UNSUPPORTED', oid: Oid.ecPublicKey, floor: 'P-256' }),
    );
  });

  it('leaves a point off the curve to the import, which refuses it', () => {
    const { subjectPublicKeyInfo } = generateTestKey();
    const off = subjectPublicKeyInfo.with(80, subjectPublicKeyInfo[80]! ^ 1);
    expect(parseSubjectPublicKeyInfo(off).kind).toBe('EC P-256');
    expect(() => importPublicKey(off)).toThrow(expect.objectContaining({ code: 'SUBJECT_PUBLIC_KEY_INFO_MALFORMED' }));
  });

  it('throws nothing but X509Error on hostile variants, and node:crypto sees the same key in what passes', () => {
    for (const kind of KINDS) {
      const variants = hostileVariants(generateTestKey(kind).subjectPublicKeyInfo, 11);
      for (let i = 0; i < 300; i++) {
        const { value: der } = variants.next();
        try {
          const spki = parseSubjectPublicKeyInfo(der);
          checkKeyPolicy(spki);
          const exported = importPublicKey(der).export({ format: 'der', type: 'spki' });
          expect(exported.toString('hex')).toBe(toHex(spki.der));
        } catch (error) {
          if (!(error instanceof X509Error)) throw error;
        }
      }
    }
  });
});

describe('key hashes', () => {
  const { subjectPublicKeyInfo } = generateTestKey();
  const spki = parseSubjectPublicKeyInfo(subjectPublicKeyInfo);
  // An uncompressed P-256 point is the last 65 octets.
  const bits = subjectPublicKeyInfo.subarray(-65);

  it('are over the bits of the key, or the whole of it', () => {
    expect(toHex(keyHashSha256(spki))).toBe(createHash('sha256').update(bits).digest('hex'));
    expect(toHex(keyIdentifier(spki))).toBe(createHash('sha256').update(bits).digest('hex').slice(0, 40));
    expect(toHex(keyHashSha1(spki))).toBe(createHash('sha1').update(bits).digest('hex'));
    expect(toHex(spkiSha256(subjectPublicKeyInfo))).toBe(
      createHash('sha256').update(subjectPublicKeyInfo).digest('hex'),
    );
  });

  it('agree with @peculiar/x509 on SHA-1', async () => {
    const theirs = await new peculiar.PublicKey(subjectPublicKeyInfo).getKeyIdentifier();
    expect(toHex(keyHashSha1(spki))).toBe(Buffer.from(theirs).toString('hex'));
    expect(createPublicKey({ key: Buffer.from(spki.der), format: 'der', type: 'spki' }).asymmetricKeyType).toBe('ec');
  });
});
