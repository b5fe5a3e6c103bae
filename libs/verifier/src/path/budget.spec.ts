import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence, fromHex, Oid } from '@touchmark/der';
import { parseSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey } from '@touchmark/testkit';

import { Budget, costOf, SIGNATURE_BUDGET } from './budget.js';

function rsa(modulusBits: number, publicExponent = '010001'): SubjectPublicKeyInfo {
  const modulus = new Uint8Array(modulusBits / 8).fill(0xff);
  const key = encodeSequence(encodeInteger(modulus), encodeInteger(fromHex(publicExponent)));
  const algorithm = encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull());
  return parseSubjectPublicKeyInfo(encodeSequence(algorithm, encodeBitString(key)));
}

describe('Budget', () => {
  it.each([
    ['EC P-256', 1],
    ['Ed25519', 1],
    ['EC P-384', 10],
    ['EC P-521', 24],
    ['RSA', 1],
  ] as const)('charges %s %d units', (kind, units) => {
    expect(costOf(parseSubjectPublicKeyInfo(generateTestKey(kind).subjectPublicKeyInfo))).toBe(units);
  });

  it.each([
    [2048, 1],
    [3072, 2],
    [4096, 3],
    [8192, 12],
  ])('charges RSA of %d bits %d units, and four times as many for a larger exponent than 65537', (bits, units) => {
    expect(costOf(rsa(bits))).toBe(units);
    expect(costOf(rsa(bits, 'fffffffb'))).toBe(4 * units);
  });

  it('ends at the check that would exceed it', () => {
    const budget = new Budget();
    const key = rsa(8192);
    for (let spent = 0; spent + 12 <= SIGNATURE_BUDGET; spent += 12) budget.spendSignature(key);
    expect(() => budget.spendSignature(key)).toThrow(expect.objectContaining({ code: 'BUDGET_EXCEEDED' }));
  });
});
