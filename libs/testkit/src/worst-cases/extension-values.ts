import {
  encodeElement,
  encodeExplicit,
  encodeImplicit,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  Oid,
  Tag,
} from '@touchmark/der';

import { type WorstCase, NAME, NOTHING, list, fill, oid, longOid, attribute } from './parts.js';

/** Values of extensions that fill this many octets. */
const VALUES: readonly (readonly [name: string, oid: string, value: (octets: number) => Uint8Array])[] = [
  ['empty DNS names', Oid.subjectAltName, list(() => encodeImplicit(2, NOTHING))],
  [
    'one long URI',
    Oid.subjectAltName,
    (octets) => encodeSequence(encodeImplicit(6, new Uint8Array(octets).fill(0x61))),
  ],
  [
    'directory names of many attributes',
    Oid.subjectAltName,
    list(() =>
      encodeExplicit(4, encodeSequence(...Array.from({ length: 100 }, () => encodeSetOf([attribute(encodeNull())])))),
    ),
  ],
  [
    'distribution points of many names',
    Oid.cRLDistributionPoints,
    list(() =>
      encodeSequence(
        encodeExplicit(
          0,
          encodeExplicit(0, ...Array.from({ length: 16 }, () => encodeImplicit(6, new Uint8Array(50)))),
        ),
      ),
    ),
  ],
  ['registered ids', Oid.subjectAltName, list(() => encodeImplicit(8, Uint8Array.of(0x2a)))],
  ['directory names', Oid.subjectAltName, list(() => encodeExplicit(4, encodeSequence()))],
  [
    'other names',
    Oid.subjectAltName,
    list(() => encodeExplicit(0, encodeElement(Tag.OID, Uint8Array.of(0x2a)), encodeExplicit(0, encodeNull()))),
  ],
  ['key purposes', Oid.extKeyUsage, list(oid)],
  ['long key purposes', Oid.extKeyUsage, list(() => encodeElement(Tag.OID, longOid()))],
  ['policies', Oid.certificatePolicies, list((n) => encodeSequence(oid(n)))],
  [
    'policy qualifiers',
    Oid.certificatePolicies,
    (octets) =>
      encodeSequence(
        encodeSequence(oid(1), encodeSequence(...fill(octets - 12, () => encodeSequence(oid(1), encodeNull())))),
      ),
  ],
  ['policy mappings', Oid.policyMappings, list((n) => encodeSequence(oid(n), oid(n + 1)))],
  [
    'name constraints',
    Oid.nameConstraints,
    (octets) =>
      encodeSequence(
        encodeExplicit(0, ...fill(octets - 8, () => encodeSequence(encodeImplicit(2, Uint8Array.of(0x61))))),
      ),
  ],
  [
    'directory name constraints',
    Oid.nameConstraints,
    (octets) => encodeSequence(encodeExplicit(1, ...fill(octets - 8, () => encodeSequence(encodeExplicit(4, NAME))))),
  ],
  [
    'distribution points',
    Oid.cRLDistributionPoints,
    list(() => encodeSequence(encodeExplicit(0, encodeExplicit(0, encodeImplicit(6, NOTHING))))),
  ],
  [
    'names of a distribution point',
    Oid.cRLDistributionPoints,
    (octets) =>
      encodeSequence(
        encodeSequence(encodeExplicit(0, encodeExplicit(0, ...fill(octets - 16, () => encodeImplicit(6, NOTHING))))),
      ),
  ],
  [
    'access descriptions',
    Oid.authorityInfoAccess,
    list(() => encodeSequence(encodeOid(Oid.ocsp), encodeImplicit(6, NOTHING))),
  ],
  [
    'issuers of an authority key',
    Oid.authorityKeyIdentifier,
    (octets) =>
      encodeSequence(
        encodeExplicit(1, ...fill(octets - 8, () => encodeImplicit(2, NOTHING))),
        encodeImplicit(2, Uint8Array.of(1)),
      ),
  ],
  [
    'names of an issuing distribution point',
    Oid.issuingDistributionPoint,
    (octets) =>
      encodeSequence(encodeExplicit(0, encodeExplicit(0, ...fill(octets - 16, () => encodeImplicit(6, NOTHING))))),
  ],
];

/** By name and the extension they are the value of. */
export function worstExtensionValues(octets: number): readonly (WorstCase & { readonly oid: string })[] {
  return VALUES.map(([name, id, value]) => ({ name, oid: id, bytes: value(octets - 16) }));
}
