import { encodeUtf8String, toHex } from '@touchmark/der';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EMPTY_NAME, encodeName, parseName } from '../name.js';
import { encodeAuthorityInfoAccess, parseAuthorityInfoAccess } from './authority-info-access.js';
import { encodeBasicConstraints, parseBasicConstraints } from './basic-constraints.js';
import { encodeCertificatePolicies, parseCertificatePolicies } from './certificate-policies.js';
import {
  encodeCRLNumber,
  encodeInvalidityDate,
  encodeReasonCode,
  parseCRLNumber,
  parseInvalidityDate,
  parseReasonCode,
  type ReasonCode,
} from './crl-extensions.js';
import { encodeCRLDistributionPoints, parseCRLDistributionPoints } from './distribution-points.js';
import { encodeExtKeyUsage, parseExtKeyUsage } from './ext-key-usage.js';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
  parseAuthorityKeyIdentifier,
  parseSubjectKeyIdentifier,
} from './key-identifiers.js';
import type { EncodableName, GeneralName } from './general-name.js';
import { encodeKeyUsage, type KeyUsage, parseKeyUsage } from './key-usage.js';
import { encodeNameConstraints, parseNameConstraints } from './name-constraints.js';
import { encodeSubjectAltName, parseSubjectAltName } from './subject-alt-name.js';

const oid = fc
  .array(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), { maxLength: 6 })
  .map((arcs) => ['2.25', ...arcs].join('.'));
const oids = fc.uniqueArray(oid, { minLength: 1, maxLength: 8 });
const octets = fc.uint8Array({ maxLength: 40 });
const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const ascii1 = fc.array(ascii, { minLength: 1, maxLength: 4 });
const KEY_USAGES: readonly KeyUsage[] = ['digitalSignature', 'keyCertSign', 'cRLSign', 'encipherOnly', 'decipherOnly'];
const name = fc
  .uniqueArray(fc.tuple(oid, fc.string({ unit: 'grapheme' })), { maxLength: 4, selector: ([type]) => type })
  .map((attributes) => attributes.map(([type, value]) => ({ type, value })));

const TEXT_KIND = fc.constantFrom('rfc822Name' as const, 'dNSName' as const, 'uniformResourceIdentifier' as const);
const generalName: fc.Arbitrary<EncodableName> = fc.oneof(
  fc.record({ kind: TEXT_KIND, value: ascii }),
  fc.record({ kind: fc.constant('iPAddress' as const), value: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('iPAddress' as const), value: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  fc.record({
    kind: fc.constant('directoryName' as const),
    value: fc.oneof(fc.constant(EMPTY_NAME), name.map(encodeName)),
  }),
  fc.record({ kind: fc.constant('registeredID' as const), value: oid }),
  fc.record({ kind: fc.constant('hardwareModuleName' as const), hwType: oid, hwSerialNum: octets }),
  fc.record({ kind: fc.constant('otherName' as const), typeId: oid, value: fc.string().map(encodeUtf8String) }),
);
const generalNames = fc.array(generalName, { minLength: 1, maxLength: 6 });
const constraint: fc.Arbitrary<EncodableName> = fc.oneof(
  fc.record({ kind: TEXT_KIND, value: ascii }),
  fc.record({ kind: fc.constant('directoryName' as const), value: name.map(encodeName) }),
);
const constraints = fc
  .record({ permitted: fc.array(constraint, { maxLength: 3 }), excluded: fc.array(constraint, { maxLength: 3 }) })
  .filter(({ permitted, excluded }) => permitted.length + excluded.length > 0);

function supported(names: readonly GeneralName[]): EncodableName[] {
  return names.filter((one) => one.kind !== 'unsupported');
}

function readConstraints(der: Uint8Array): { permitted: EncodableName[]; excluded: EncodableName[] } {
  const { permitted, excluded } = parseNameConstraints(der);
  return { permitted: supported(permitted), excluded: supported(excluded) };
}

function readUris(der: Uint8Array): string[] {
  return parseCRLDistributionPoints(der).flatMap(({ distributionPoint }) =>
    distributionPoint !== undefined && 'fullName' in distributionPoint
      ? distributionPoint.fullName.flatMap((one) => (one.kind === 'uniformResourceIdentifier' ? [one.value] : []))
      : [],
  );
}

function readAccess(der: Uint8Array): { ocsp: string[]; caIssuers: string[] } {
  const { ocsp, caIssuers } = parseAuthorityInfoAccess(der);
  return { ocsp: [...ocsp], caIssuers: [...caIssuers] };
}

function readName(der: Uint8Array): { type: string; value: string }[] {
  return parseName(der).flatMap((rdn) => rdn.map(({ type, value = '' }) => ({ type, value })));
}

/** What is written reads back as it was, and what was read is written as it stood. */
function inverse<T>(values: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, parse: (der: Uint8Array) => T): void {
  fc.assert(
    fc.property(values, (value) => {
      const der = encode(value);
      const read = parse(der);
      expect(read).toEqual(value);
      expect(toHex(encode(read))).toBe(toHex(der));
    }),
    { numRuns: 60 },
  );
}

describe('Writer and reader are inverse', () => {
  it.each<[string, () => void]>([
    ['subjectAltName', () => inverse(generalNames, encodeSubjectAltName, (der) => supported(parseSubjectAltName(der)))],
    ['nameConstraints', () => inverse(constraints, encodeNameConstraints, readConstraints)],
    ['extKeyUsage', () => inverse(oids, encodeExtKeyUsage, (der) => [...parseExtKeyUsage(der)])],
    [
      'certificatePolicies',
      () => inverse(oids, encodeCertificatePolicies, (der) => [...parseCertificatePolicies(der)]),
    ],
    [
      'keyUsage',
      () => inverse(fc.subarray([...KEY_USAGES], { minLength: 1 }), encodeKeyUsage, (der) => [...parseKeyUsage(der)]),
    ],
    ['cRLDistributionPoints', () => inverse(ascii1, encodeCRLDistributionPoints, readUris)],
    [
      'authorityInfoAccess',
      () => inverse(fc.record({ ocsp: ascii1, caIssuers: ascii1 }), encodeAuthorityInfoAccess, readAccess),
    ],
    ['subjectKeyIdentifier', () => inverse(octets, encodeSubjectKeyIdentifier, parseSubjectKeyIdentifier)],
    [
      'authorityKeyIdentifier',
      () =>
        inverse(
          octets,
          encodeAuthorityKeyIdentifier,
          (der) => parseAuthorityKeyIdentifier(der).keyIdentifier ?? EMPTY_NAME,
        ),
    ],
    ['cRLNumber', () => inverse(fc.bigInt({ min: 0n, max: 2n ** 159n - 1n }), encodeCRLNumber, parseCRLNumber)],
    [
      'reasonCode',
      () =>
        inverse(
          fc.constantFrom<ReasonCode>('keyCompromise', 'removeFromCRL', 'aACompromise'),
          encodeReasonCode,
          parseReasonCode,
        ),
    ],
    [
      'invalidityDate',
      () => inverse(fc.integer({ min: 0, max: 253_402_300_799 }), encodeInvalidityDate, parseInvalidityDate),
    ],
    ['Name', () => inverse(name, encodeName, readName)],
  ])('%s', (_name, holds) => {
    expect(holds).not.toThrow();
  });

  it('basicConstraints, with and without a path length', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(0x7fff_ffff), { nil: undefined }), (length) => {
        const value = { cA: true, ...(length === undefined ? {} : { pathLenConstraint: length }) };
        expect(parseBasicConstraints(encodeBasicConstraints(value))).toEqual({ cA: true, pathLenConstraint: length });
      }),
    );
    expect(parseBasicConstraints(encodeBasicConstraints({ cA: false })).cA).toBe(false);
  });
});
