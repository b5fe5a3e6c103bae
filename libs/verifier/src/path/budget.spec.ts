import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence, fromHex, Oid } from '@touchmark/der';
import { parseSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey } from '@touchmark/testkit';

import { Budget, costOf, LIMITS } from './budget.js';

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
    ['RSASSA-PSS', 1],
    ['ML-DSA-44', 4],
    ['ML-DSA-65', 4],
    ['ML-DSA-87', 4],
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

  it.each([
    ['steps', (budget: Budget) => budget.spendStep()],
    ['paths', (budget: Budget) => budget.spendPath()],
    ['nameComparisons', (budget: Budget) => budget.spendNameComparisons(1000)],
  ] as const)('ends at the number of %s', (name, spend) => {
    const budget = new Budget(() => 0);
    const times = LIMITS[name] / (name === 'nameComparisons' ? 1000 : 1);
    for (let i = 0; i < times; i++) spend(budget);
    expect(() => spend(budget)).toThrow(
      expect.objectContaining({ detail: { code: 'BUDGET_EXCEEDED', budget: name, limit: LIMITS[name] } }),
    );
  });

  it('ends after its time, but not before it has gone further than an ordinary path goes', () => {
    let time = 1000;
    const budget = new Budget(() => time);
    time += LIMITS.time + 1;
    for (let i = 0; i < 32; i++) budget.spendStep();
    expect(() => budget.spendStep()).toThrow(
      expect.objectContaining({ detail: { code: 'BUDGET_EXCEEDED', budget: 'time', limit: LIMITS.time } }),
    );
  });

  it('ends at the check that would exceed it', () => {
    const budget = new Budget();
    const key = rsa(8192);
    for (let spent = 0; spent + 12 <= LIMITS.signatures; spent += 12) budget.spendSignature(key);
    expect(() => budget.spendSignature(key)).toThrow(expect.objectContaining({ code: 'BUDGET_EXCEEDED' }));
  });
});
