import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';

import { encodeNull, encodeOid, encodeSequence, Oid } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { generateTestKey, TestCa, type TestKeyKind } from '@touchmark/testkit';

import { encodeSignatureAlgorithm, type SignatureCheck, verifySignature, verifySignatureInPool } from './signature.js';

const KINDS: TestKeyKind[] = ['EC P-256', 'EC P-384', 'EC P-521', 'Ed25519', 'RSA'];

function checkOf(kind: TestKeyKind): SignatureCheck {
  const root = TestCa.root({ key: generateTestKey(kind) });
  const { certificate } = root.issue();
  return {
    algorithm: certificate.signatureAlgorithm,
    subjectPublicKeyInfo: root.key.subjectPublicKeyInfo,
    data: certificate.tbsCertificate,
    signature: certificate.signature,
  };
}

describe('verifySignature', () => {
  it.each(KINDS)('accepts what %s signed and node:crypto accepts, and nothing else', async (kind) => {
    const root = TestCa.root({ key: generateTestKey(kind) });
    const { certificate, der } = root.issue();
    const check = checkOf(kind);
    expect(new X509Certificate(der).verify(new X509Certificate(root.der).publicKey)).toBe(true);
    expect(verifySignature(check)).toBe(true);
    await expect(verifySignatureInPool(check)).resolves.toBe(true);
    expect(verifySignature({ ...check, data: certificate.tbsCertificate })).toBe(false);
    expect(verifySignature({ ...check, signature: new Uint8Array(3) })).toBe(false);
    const damaged = check.signature.with(20, check.signature[20]! ^ 1);
    await expect(verifySignatureInPool({ ...check, signature: damaged })).resolves.toBe(false);
  });

  it.each([
    ['SHA-1 with ECDSA', encodeSequence(encodeOid(Oid.ecdsaWithSHA1))],
    ['SHA-1 with RSA', encodeSequence(encodeOid(Oid.sha1WithRSAEncryption), encodeNull())],
    ['MD5 with RSA', encodeSequence(encodeOid(Oid.md5WithRSAEncryption), encodeNull())],
    ['ECDSA with parameters', encodeSequence(encodeOid(Oid.ecdsaWithSHA256), encodeNull())],
    ['RSA without NULL', encodeSequence(encodeOid(Oid.sha256WithRSAEncryption))],
  ])('refuses %s before it looks at the signature', (_name, der) => {
    const check = checkOf('EC P-256');
    expect(() => verifySignature({ ...check, algorithm: { oid: '1.2.3', der } })).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_UNSUPPORTED' }),
    );
  });

  it('refuses an algorithm that is not the key’s, a good signature included', () => {
    const check = checkOf('EC P-256');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const forged = {
      ...check,
      subjectPublicKeyInfo: publicKey.export({ format: 'der', type: 'spki' }),
      signature: sign('sha256', check.data, privateKey),
    };
    expect(() => verifySignature(forged)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_KEY_MISMATCH' }),
    );
  });

  it('refuses a key below policy, asynchronously too', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const check = {
      ...checkOf('RSA'),
      subjectPublicKeyInfo: publicKey.export({ format: 'der', type: 'spki' }),
    };
    expect(() => verifySignature(check)).toThrow(expect.objectContaining({ code: 'KEY_WEAK' }));
    await expect(verifySignatureInPool(check)).rejects.toMatchObject({ code: 'KEY_WEAK' });
  });

  it('writes the AlgorithmIdentifiers that it reads', () => {
    expect(Buffer.from(encodeSignatureAlgorithm('ecdsaWithSHA256')).toString('hex')).toBe('300a06082a8648ce3d040302');
    expect(Buffer.from(encodeSignatureAlgorithm('ed25519')).toString('hex')).toBe('300506032b6570');
  });
});
