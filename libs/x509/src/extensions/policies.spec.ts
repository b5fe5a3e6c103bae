import { encodeOid, encodeSequence, fromHex, Oid } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { encodeTestPolicyMappings, hostileVariants } from '@touchmark/testkit';

import { X509Error } from '../error.js';
import { encodeCertificatePolicies, parseCertificatePolicies } from './certificate-policies.js';
import { parseInhibitAnyPolicy, parsePolicyConstraints } from './policy-constraints.js';
import { parsePolicyMappings } from './policy-mappings.js';

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `1.2.3.${i}`);
const allToAll = (count: number): [string, string][] =>
  numbered(count).flatMap((from) => numbered(count).map((to): [string, string] => [from, to]));

describe('extensions about policies are read', () => {
  it('certificatePolicies with qualifiers, which are passed over', () => {
    const qualifiers = encodeSequence(encodeSequence(encodeOid('1.3.6.1.5.5.7.2.1'), fromHex('16026162')));
    const value = encodeSequence(
      encodeSequence(encodeOid('1.2.3'), qualifiers),
      encodeSequence(encodeOid(Oid.anyPolicy)),
    );
    expect([...parseCertificatePolicies(value)]).toEqual(['1.2.3', Oid.anyPolicy]);
  });

  it('policyMappings, by policy of the issuer', () => {
    const value = encodeTestPolicyMappings([
      ['1.2.3', '1.2.4'],
      ['1.2.3', '1.2.5'],
      ['1.2.6', '1.2.4'],
      ['1.2.3', '1.2.4'],
    ]);
    const mappings = [...parsePolicyMappings(value)].map(([from, to]) => [from, [...to]]);
    expect(mappings).toEqual([
      ['1.2.3', ['1.2.4', '1.2.5']],
      ['1.2.6', ['1.2.4']],
    ]);
  });

  it('policyConstraints and inhibitAnyPolicy', () => {
    expect(parsePolicyConstraints(fromHex('3006800100810105'))).toEqual({
      requireExplicitPolicy: 0,
      inhibitPolicyMapping: 5,
    });
    expect(parsePolicyConstraints(fromHex('3003810101'))).toMatchObject({ inhibitPolicyMapping: 1 });
    expect(parseInhibitAnyPolicy(fromHex('020102'))).toBe(2);
  });

  it('up to 32 policies and 1024 mappings', () => {
    expect(parseCertificatePolicies(encodeCertificatePolicies(numbered(32))).size).toBe(32);
    expect(parsePolicyMappings(encodeTestPolicyMappings(allToAll(32))).size).toBe(32);
  });
});

describe('extensions about policies are refused', () => {
  it.each<[string, () => unknown]>([
    ['33 policies', () => parseCertificatePolicies(encodeCertificatePolicies(numbered(33)))],
    ['qualifiers that are no SEQUENCE', () => parseCertificatePolicies(fromHex('30083006060255040500'))],
    ['no policy', () => parseCertificatePolicies(fromHex('3000'))],
    ['1025 mappings', () => parsePolicyMappings(encodeTestPolicyMappings([...allToAll(32), ['1.2.3', '1.2.3']]))],
    ['no mapping', () => parsePolicyMappings(fromHex('3000'))],
    ['a mapping to nothing', () => parsePolicyMappings(fromHex('300630040602550400'.slice(0, 16)))],
    [
      'a mapping of three',
      () => parsePolicyMappings(encodeSequence(encodeSequence(...['1.2', '1.3', '1.4'].map(encodeOid)))),
    ],
    ['policyConstraints that say nothing', () => parsePolicyConstraints(fromHex('3000'))],
    ['policyConstraints in the wrong order', () => parsePolicyConstraints(fromHex('3006810105800100'))],
    ['a negative SkipCerts', () => parsePolicyConstraints(fromHex('30038001ff'))],
    ['a padded SkipCerts', () => parsePolicyConstraints(fromHex('300480020001'))],
    ['an explicit tag', () => parsePolicyConstraints(fromHex('3005a003020100'))],
    ['a negative inhibitAnyPolicy', () => parseInhibitAnyPolicy(fromHex('0201ff'))],
    ['inhibitAnyPolicy with something behind', () => parseInhibitAnyPolicy(fromHex('02010000'))],
  ])('with %s', (_name, parse) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'EXTENSION_MALFORMED' }));
  });

  it('as hostile variants with nothing but X509Error', () => {
    const targets: readonly [Uint8Array, (value: Uint8Array) => unknown][] = [
      [encodeTestPolicyMappings([['1.2.3', '1.2.4']]), parsePolicyMappings],
      [fromHex('3006800100810105'), parsePolicyConstraints],
      [fromHex('020102'), parseInhibitAnyPolicy],
    ];
    for (const [der, parse] of targets) {
      const variants = hostileVariants(der, 5);
      let refused = 0;
      for (let i = 0; i < 500; i++) {
        try {
          parse(variants.next().value);
        } catch (error) {
          if (!(error instanceof X509Error)) throw error;
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    }
  });
});
