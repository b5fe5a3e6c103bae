import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  fromHex,
  Oid,
} from '@touchmark/der';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  checkCertificationRequest,
  checkCertificationRequestInPool,
  type CheckedRequest,
} from './certification-request-check.js';
import { IssuanceError } from './issuance-error.js';
import { profileByName } from './profiles.js';
import { ecKey, spkiOf } from './spec-authorities.js';
import { specRequest } from './spec-requests.js';

const profile = profileByName('ldevid');

function refusal(check: () => CheckedRequest): [string, unknown] {
  try {
    check();
  } catch (error) {
    if (error instanceof IssuanceError) return [error.code, error.context];
    throw error;
  }
  return ['accepted', undefined];
}

describe('checkCertificationRequest', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'csr-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const openssl = [
    ['P-256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['Ed25519', ['-newkey', 'ed25519']],
    ['RSA', ['-newkey', 'rsa:2048']],
    ['RSA', ['-newkey', 'rsa:3072', '-sha512']],
  ] as const;
  it.each(openssl)('accepts a %s request of openssl %j', async (algorithm, args) => {
    const out = join(folder, 'request.der');
    const subject = ['-subj', '/O=Example/serialNumber=SN-1', '-addext', 'subjectAltName=DNS:a.example'];
    const files = ['-keyout', join(folder, 'key.pem'), '-outform', 'DER', '-out', out];
    execFileSync('openssl', ['req', '-new', '-nodes', ...args, ...subject, ...files], { stdio: 'pipe' });
    const der = new Uint8Array(readFileSync(out));
    expect(checkCertificationRequest(der, profile).keyAlgorithm).toBe(algorithm);
    expect((await checkCertificationRequestInPool(der, profile)).keyAlgorithm).toBe(algorithm);
  });

  it('refuses octets that are no request, cut short, followed by others, or too many', () => {
    const der = specRequest(ecKey('P-256'));
    for (const wrong of [new Uint8Array(0), der.subarray(0, -1), Uint8Array.of(...der, 0), new Uint8Array(16_385)]) {
      expect(refusal(() => checkCertificationRequest(wrong, profile))).toEqual([
        'CSR_MALFORMED',
        { octets: wrong.length },
      ]);
    }
  });

  it('refuses a request that another key has signed', async () => {
    const other = specRequest(ecKey('P-256'));
    const mixed = other.slice();
    const last = mixed.length - 1;
    mixed[last] = (mixed[last] ?? 0) ^ 1;
    expect(refusal(() => checkCertificationRequest(mixed, profile))[0]).toBe('CSR_SIGNATURE_INVALID');
    await expect(checkCertificationRequestInPool(mixed, profile)).rejects.toMatchObject({
      code: 'CSR_SIGNATURE_INVALID',
    });
  });

  it('refuses kinds of keys that the profile does not take', () => {
    const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
    const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    const ed448 = generateKeyPairSync('ed448').privateKey;
    const ed25519 = generateKeyPairSync('ed25519').privateKey;
    const mlDsa = generateKeyPairSync('ml-dsa-44').privateKey;
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
    const requests = [
      specRequest(mlDsa, { signatureAlgorithm: 'mlDsa44' }),
      specRequest(pss, { signatureAlgorithm: 'ecdsaWithSHA256' }),
      specRequest(p521, { signatureAlgorithm: 'ecdsaWithSHA512' }),
      specRequest(k1),
      specRequest(ed448, { signatureAlgorithm: 'ed25519' }),
    ];
    for (const der of requests) {
      expect(refusal(() => checkCertificationRequest(der, profile))[0]).toBe('KEY_ALGORITHM_REFUSED');
    }
    const der = specRequest(ed25519, { signatureAlgorithm: 'ed25519' });
    expect(refusal(() => checkCertificationRequest(der, profileByName('ocsp-signer')))).toEqual([
      'KEY_ALGORITHM_REFUSED',
      { algorithm: 'Ed25519' },
    ]);
  });

  it('refuses a signature algorithm of another family than the key', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = specRequest(privateKey, { signatureAlgorithm: 'ecdsaWithSHA256' });
    expect(refusal(() => checkCertificationRequest(der, profile))).toEqual([
      'KEY_ALGORITHM_REFUSED',
      { algorithm: Oid.ecdsaWithSHA256 },
    ]);
  });

  const weakKeys = [
    ['rsa-modulus-size', () => rsaSpki((1n << 1023n) + 1n)],
    ['rsa-modulus-size', () => rsaSpki((1n << 2049n) + 1n)],
    ['rsa-modulus-size', () => rsaSpki((1n << 8191n) + 1n)],
    ['rsa-exponent', () => rsaSpki((1n << 2047n) + 1n, 3)],
    ['rsa-exponent', () => rsaSpki((1n << 2047n) + 1n, 65_538)],
    ['rsa-small-factor', () => rsaSpki(1n << 2047n)],
    ['rsa-small-factor', () => rsaSpki(997n * ((1n << 2038n) + 1n))],
    ['rsa-roca', () => rsaSpki(rocaModulus())],
    ['rsa-close-primes', () => rsaSpki(closeModulus())],
    ['small-order-point', () => ed25519Spki('0100000000000000000000000000000000000000000000000000000000000000')],
    // The same as in the list of order 8, with its sign bit.
    ['small-order-point', () => ed25519Spki('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85')],
    ['invalid-point', () => offCurveSpki()],
  ] as const;
  it.each(weakKeys)('refuses a weak key with the reason %s', (reason, spki) => {
    const der = specRequest(ecKey('P-256'), { subjectPublicKeyInfo: spki() });
    expect(refusal(() => checkCertificationRequest(der, profile))).toEqual(['KEY_WEAK', { reason }]);
  });
});

function rsaSpki(modulus: bigint, exponent = 65_537): Uint8Array {
  const hex = modulus.toString(16);
  const rsaPublicKey = encodeSequence(
    encodeInteger(fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)),
    encodeSmallInteger(exponent),
  );
  return encodeSequence(encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()), encodeBitString(rsaPublicKey));
}

function ed25519Spki(point: string): Uint8Array {
  return encodeSequence(encodeSequence(encodeOid(Oid.ed25519)), encodeBitString(fromHex(point)));
}

function offCurveSpki(): Uint8Array {
  const spki = spkiOf(ecKey('P-256')).slice();
  spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
  return spki;
}

// Any power of 65537 modulo the product of these primes has the fingerprint of CVE-2017-15361.
function rocaModulus(): bigint {
  const primes = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n];
  const product = primes.reduce((all, prime) => all * prime, 1n);
  return withoutSmallFactor(65_537n + product * ((1n << 2047n) / product + 1n), product);
}

// 2^1024 - 105 is prime; a neighbour without small factors stands in for the other prime.
function closeModulus(): bigint {
  const prime = (1n << 1024n) - 105n;
  return prime * withoutSmallFactor(prime - 1000n, -2n);
}

function withoutSmallFactor(from: bigint, step: bigint): bigint {
  let candidate = from;
  while (hasSmallFactor(candidate)) candidate += step;
  return candidate;
}

function hasSmallFactor(n: bigint): boolean {
  for (let factor = 2n; factor < 1000n; factor++) if (n % factor === 0n) return true;
  return false;
}
