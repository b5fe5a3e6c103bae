import {
  encodeBitString,
  encodeElement,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeImplicit,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  encodeTime,
  Oid,
  Tag,
} from '@touchmark/der';
import { encodeExtension, encodeName, encodeSignatureAlgorithm } from '@touchmark/x509';

import { TEST_NOW } from './test-pki.js';

/** An input made to cost as much as its octets can. */
export interface WorstCase {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const NAME = encodeName([{ type: Oid.commonName, value: 'hostile' }]);
const ALGORITHM = encodeSignatureAlgorithm('ecdsaWithSHA256');
const SIGNATURE = encodeBitString(new Uint8Array(64));
const KEY = encodeSequence(
  encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1)),
  encodeBitString(Uint8Array.of(4, ...new Uint8Array(64))),
);
const TIME = encodeTime(TEST_NOW);
const NOTHING = new Uint8Array(0);

/** Contents that fill this many octets, of the smallest or otherwise most expensive members. */
const FILLINGS: Readonly<Record<string, (octets: number) => Uint8Array[]>> = {
  'relative distinguished names': (octets) => fill(octets, () => encodeSetOf([attribute(encodeNull())])),
  'attributes in one SET': (octets) => [
    encodeSetOf(fill(octets - 8, (n) => attribute(encodeElement(Tag.UTF8_STRING, threeOctets(n))))),
  ],
  'a long UTF8String': (octets) => [encodeSetOf([attribute(text(Tag.UTF8_STRING, octets - 24))])],
  'a long PrintableString': (octets) => [encodeSetOf([attribute(text(Tag.PRINTABLE_STRING, octets - 24))])],
  // Each mark sorts before all that stand before it: normalization sorts.
  'combining marks in descending order': (octets) => [
    encodeSetOf([attribute(encodeElement(Tag.UTF8_STRING, Buffer.from(`a${marks((octets - 24) / 2)}`)))]),
  ],
  'letters that normalize to eighteen': (octets) => [
    encodeSetOf([attribute(encodeElement(Tag.UTF8_STRING, Buffer.from('\ufdfa'.repeat((octets - 24) / 3))))]),
  ],
  'long object identifiers in a name': (octets) =>
    fill(octets, () => encodeSetOf([encodeSequence(encodeElement(Tag.OID, longOid()), encodeNull())])),
};

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

export function worstNames(octets: number): readonly WorstCase[] {
  return Object.entries(FILLINGS).map(([name, fillName]) => ({ name, bytes: encodeSequence(...fillName(octets - 8)) }));
}

/** Certificates whose signature nobody made, named and issued by one who has no other certificate. */
export function worstCertificates(octets: number): readonly WorstCase[] {
  const room = octets - 400;
  return [
    ...worstNames(room).map(({ name, bytes }) => ({
      name: `subject: ${name}`,
      bytes: certificate({ subject: bytes }),
    })),
    ...worstNames(room / 2).map(({ name, bytes }) => ({
      name: `issuer and subject: ${name}`,
      bytes: certificate({ issuer: bytes, subject: bytes }),
    })),
    {
      name: 'extensions',
      bytes: certificate({ extensions: fill(room, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING))) }),
    },
    ...worstExtensionValues(room).map(({ name, oid: id, bytes }) => ({
      name: `${id}: ${name}`,
      bytes: certificate({ extensions: [encodeExtension(id, false, bytes)] }),
    })),
    { name: 'a long serial number', bytes: certificate({ serialNumber: new Uint8Array(room).fill(0x55) }) },
    {
      name: 'a large RSA modulus',
      bytes: certificate({ key: rsaKey(new Uint8Array(room - 24).fill(0x55), Uint8Array.of(3)) }),
    },
    {
      name: 'a large RSA exponent',
      bytes: certificate({ key: rsaKey(Uint8Array.of(5), new Uint8Array(room - 24).fill(0x55)) }),
    },
    {
      name: 'nested SEQUENCEs',
      bytes: certificate({ extensions: [encodeExtension('1.2.3', false, nested(room - 20))] }),
    },
    { name: 'nothing but SEQUENCEs', bytes: nested(octets) },
  ];
}

export function worstCertificateLists(octets: number): readonly WorstCase[] {
  const room = octets - 300;
  const empty = (n: number): Uint8Array => encodeSequence(encodeElement(Tag.INTEGER, threeOctets(n)), TIME);
  const extended = (n: number): Uint8Array =>
    encodeSequence(
      encodeSmallInteger(n),
      TIME,
      encodeSequence(...Array.from({ length: 5 }, (_, i) => encodeSequence(oid(i), encodeOctetString(NOTHING)))),
    );
  return [
    { name: 'entries', bytes: certificateList(fill(room, empty)) },
    { name: 'entries with extensions', bytes: certificateList(fill(room, extended)) },
    {
      name: 'one entry of many extensions',
      bytes: certificateList([
        encodeSequence(
          encodeSmallInteger(1),
          TIME,
          encodeSequence(...fill(room - 40, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING)))),
        ),
      ]),
    },
  ];
}

export function worstCertificationRequests(octets: number): readonly WorstCase[] {
  const room = octets - 300;
  return [
    {
      name: 'attributes',
      bytes: certificationRequest(...fill(room, (n) => encodeSequence(oid(n), encodeSetOf([encodeNull()])))),
    },
    {
      name: 'values of one attribute',
      bytes: certificationRequest(encodeSequence(oid(1), encodeElement(Tag.SET, ...fill(room, encodeNull)))),
    },
    {
      name: 'requested extensions',
      bytes: certificationRequest(
        encodeSequence(
          encodeOid(Oid.extensionRequest),
          encodeSetOf([encodeSequence(...fill(room, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING))))]),
        ),
      ),
    },
    {
      name: 'a long challengePassword',
      bytes: certificationRequest(
        encodeSequence(encodeOid(Oid.challengePassword), encodeSetOf([text(Tag.PRINTABLE_STRING, room)])),
      ),
    },
  ];
}

export function worstOcspRequests(octets: number): readonly WorstCase[] {
  const room = octets - 40;
  return [
    {
      name: 'requests',
      bytes: encodeSequence(encodeSequence(encodeSequence(...fill(room, () => encodeSequence(certId()))))),
    },
    {
      name: 'extensions',
      bytes: encodeSequence(
        encodeSequence(
          encodeSequence(encodeSequence(certId())),
          encodeExplicit(
            2,
            encodeSequence(...fill(room - 40, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING)))),
          ),
        ),
      ),
    },
  ];
}

export function worstOcspResponses(octets: number): readonly WorstCase[] {
  const room = octets - 250;
  const time = encodeGeneralizedTime(TEST_NOW);
  const single = encodeSequence(certId(), encodeImplicit(0, NOTHING), time);
  const response = (singles: readonly Uint8Array[], certs: readonly Uint8Array[]): Uint8Array => {
    const data = encodeSequence(
      encodeExplicit(2, encodeOctetString(new Uint8Array(20))),
      time,
      encodeSequence(...singles),
    );
    const basic = encodeSequence(data, ALGORITHM, SIGNATURE, encodeExplicit(0, encodeSequence(...certs)));
    return encodeSequence(
      Uint8Array.of(Tag.ENUMERATED, 1, 0),
      encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
    );
  };
  return [
    {
      name: 'single responses',
      bytes: response(
        fill(room, () => single),
        [],
      ),
    },
    {
      name: 'certs',
      bytes: response(
        [single],
        fill(room - 40, () => encodeSequence()),
      ),
    },
  ];
}

export function worstPem(octets: number): readonly WorstCase[] {
  const line = (each: string): Uint8Array => Buffer.from(each.repeat(Math.floor(octets / each.length)));
  return [
    { name: 'empty lines', bytes: line('\n') },
    {
      name: 'lines of one character',
      bytes: Buffer.from(`-----BEGIN A-----\n${'A\n'.repeat((octets - 40) / 2)}-----END A-----`),
    },
    { name: 'empty blocks', bytes: line('-----BEGIN A-----\n-----END A-----\n') },
    { name: 'begins', bytes: line('-----BEGIN ') },
    { name: 'spaces', bytes: Buffer.from(`-----BEGIN A-----\n${' '.repeat(octets - 60)}A`) },
  ];
}

interface CertificateParts {
  readonly serialNumber?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly key?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

function certificate(parts: CertificateParts): Uint8Array {
  const tbsCertificate = encodeSequence(
    encodeExplicit(0, encodeSmallInteger(2)),
    encodeInteger(parts.serialNumber ?? Uint8Array.of(1)),
    ALGORITHM,
    parts.issuer ?? NAME,
    encodeSequence(TIME, TIME),
    parts.subject ?? NAME,
    parts.key ?? KEY,
    ...(parts.extensions === undefined ? [] : [encodeExplicit(3, encodeSequence(...parts.extensions))]),
  );
  return encodeSequence(tbsCertificate, ALGORITHM, SIGNATURE);
}

function certificationRequest(...attributes: Uint8Array[]): Uint8Array {
  const info = encodeSequence(encodeSmallInteger(0), NAME, KEY, encodeExplicit(0, ...attributes));
  return encodeSequence(info, ALGORITHM, SIGNATURE);
}

function certificateList(entries: readonly Uint8Array[]): Uint8Array {
  const tbs = encodeSequence(encodeSmallInteger(1), ALGORITHM, NAME, TIME, TIME, encodeSequence(...entries));
  return encodeSequence(tbs, ALGORITHM, SIGNATURE);
}

function certId(): Uint8Array {
  return encodeSequence(
    encodeSequence(encodeElement(Tag.OID, Uint8Array.of(0x2a))),
    encodeOctetString(NOTHING),
    encodeOctetString(NOTHING),
    encodeSmallInteger(1),
  );
}

function rsaKey(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return encodeSequence(
    encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()),
    encodeBitString(encodeSequence(encodeInteger(modulus), encodeInteger(exponent))),
  );
}

function list(member: (n: number) => Uint8Array): (octets: number) => Uint8Array {
  return (octets) => encodeSequence(...fill(octets, member));
}

// Members until the octets are used up.
function fill(octets: number, member: (n: number) => Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = [];
  for (let left = octets, n = 0; ; n++) {
    const next = member(n);
    left -= next.length;
    if (left < 0) return members;
    members.push(next);
  }
}

// Another for each number below 2^21, in three octets.
function oid(n: number): Uint8Array {
  return encodeElement(Tag.OID, Uint8Array.of(0x2a, 0x81 + (n >> 14), 0x80 | ((n >> 7) & 0x7f), n & 0x7f));
}

// The longest that is read, as one arc.
function longOid(): Uint8Array {
  return new Uint8Array(256).fill(0xff).with(255, 0x7f);
}

function threeOctets(n: number): Uint8Array {
  return Uint8Array.of(0x41 + (n >> 12), 0x30 + ((n >> 6) & 0x3f), 0x30 + (n & 0x3f));
}

function attribute(value: Uint8Array): Uint8Array {
  return encodeSequence(encodeElement(Tag.OID, Uint8Array.of(0x2a)), value);
}

function text(tag: number, octets: number): Uint8Array {
  return encodeElement(tag, new Uint8Array(octets).fill(0x61));
}

// U+0315 is of class 232, U+0327 of class 202.
function marks(n: number): string {
  return '\u0315'.repeat(n / 2) + '\u0327'.repeat(n / 2);
}

function nested(octets: number): Uint8Array {
  let element = encodeSequence();
  const levels: number[] = [];
  for (let length = element.length; ;) {
    const header = length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
    if (length + header > octets) break;
    levels.push(length);
    length += header;
  }
  const headers = levels
    .toReversed()
    .map((length) =>
      encodeElement(Tag.SEQUENCE, new Uint8Array(length)).subarray(0, length < 0x80 ? 2 : length < 0x100 ? 3 : 4),
    );
  element = new Uint8Array(Buffer.concat([...headers, element]));
  return element;
}
