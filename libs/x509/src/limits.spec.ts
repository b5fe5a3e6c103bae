import {
  encodeExplicit,
  encodeImplicit,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  DerError,
  DerReader,
  Tag,
} from '@touchmark/der';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';

import { parseCertificationRequest } from './certification-request.js';
import { X509Error } from './error.js';
import { encodeExtension, readExtensions } from './extension.js';
import { encodeAuthorityInfoAccess, parseAuthorityInfoAccess } from './extensions/authority-info-access.js';
import { encodeCertificatePolicies, parseCertificatePolicies } from './extensions/certificate-policies.js';
import { encodeCRLDistributionPoints, parseCRLDistributionPoints } from './extensions/distribution-points.js';
import { encodeExtKeyUsage, parseExtKeyUsage } from './extensions/ext-key-usage.js';
import { parseAuthorityKeyIdentifier } from './extensions/key-identifiers.js';
import { encodeNameConstraints, parseNameConstraints } from './extensions/name-constraints.js';
import { encodeSubjectAltName, parseSubjectAltName } from './extensions/subject-alt-name.js';
import * as limits from './limits.js';
import { encodeName, parseName } from './name.js';

const key = generateTestKey();

function oids(n: number): string[] {
  return Array.from({ length: n }, (_, i) => `1.2.3.${i}`);
}

function refusedAsTooMany(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    const cause = error instanceof X509Error ? error.cause : error;
    if (cause instanceof DerError && cause.code === 'DER_TOO_MANY') return true;
    throw error;
  }
}

describe('Lists are read up to a number of members', () => {
  it.each<[string, number, (n: number) => unknown]>([
    [
      'attributes of a Name, one in each RDN',
      limits.MAX_NAME_ATTRIBUTES,
      (n) => parseName(encodeName(oids(n).map((type) => ({ type, value: '' })))),
    ],
    [
      'attributes of a Name in one RDN',
      limits.MAX_NAME_ATTRIBUTES,
      (n) =>
        parseName(encodeSequence(encodeSetOf(oids(n).map((type) => encodeSequence(encodeOid(type), encodeNull()))))),
    ],
    [
      'extensions',
      limits.MAX_EXTENSIONS,
      (n) =>
        readExtensions(
          new DerReader(encodeSequence(...oids(n).map((oid) => encodeExtension(oid, false, encodeNull())))),
        ),
    ],
    [
      'names of a subject',
      limits.MAX_GENERAL_NAMES,
      (n) => parseSubjectAltName(encodeSubjectAltName(oids(n).map((value) => ({ kind: 'dNSName', value })))),
    ],
    [
      'names of a distribution point',
      limits.MAX_SYNONYMS,
      (n) => parseCRLDistributionPoints(encodeCRLDistributionPoints(oids(n))),
    ],
    [
      'distribution points',
      limits.MAX_DISTRIBUTION_POINTS,
      (n) => {
        const point = new DerReader(encodeCRLDistributionPoints(['a:b'])).readContents(Tag.SEQUENCE);
        return parseCRLDistributionPoints(encodeSequence(...Array.from({ length: n }, () => point)));
      },
    ],
    [
      'names of the issuer of an authority key',
      limits.MAX_SYNONYMS,
      (n) => {
        const names = oids(n).map((name) => encodeImplicit(2, Buffer.from(name)));
        return parseAuthorityKeyIdentifier(
          encodeSequence(encodeExplicit(1, ...names), encodeImplicit(2, Uint8Array.of(1))),
        );
      },
    ],
    [
      'permitted subtrees',
      limits.MAX_SUBTREES,
      (n) =>
        parseNameConstraints(
          encodeNameConstraints({
            permitted: Array.from({ length: n }, () => ({ kind: 'dNSName', value: 'a' }) as const),
          }),
        ),
    ],
    ['key purposes', limits.MAX_KEY_PURPOSES, (n) => parseExtKeyUsage(encodeExtKeyUsage(oids(n)))],
    ['policies', limits.MAX_POLICIES, (n) => parseCertificatePolicies(encodeCertificatePolicies(oids(n)))],
    [
      'access descriptions',
      limits.MAX_ACCESS_DESCRIPTIONS,
      (n) => parseAuthorityInfoAccess(encodeAuthorityInfoAccess({ ocsp: oids(n) })),
    ],
    [
      'attributes of a request',
      limits.MAX_ATTRIBUTES,
      (n) => {
        const extraAttributes = oids(n).map((oid) => encodeSequence(encodeOid(oid), encodeSetOf([encodeNull()])));
        return parseCertificationRequest(makeTestRequest({ key, extraAttributes }).der);
      },
    ],
    [
      'values of an attribute',
      limits.MAX_ATTRIBUTES,
      (n) => {
        const values = encodeSetOf(Array.from({ length: n }, (_, i) => encodeSmallInteger(i)));
        const extraAttributes = [encodeSequence(encodeOid('1.2.3'), values)];
        return parseCertificationRequest(makeTestRequest({ key, extraAttributes }).der);
      },
    ],
  ])('%s: %i, and not one more', (_name, most, read) => {
    expect(refusedAsTooMany(() => read(most))).toBe(false);
    expect(refusedAsTooMany(() => read(most + 1))).toBe(true);
  });
});
