import { DerError, DerReader, Tag } from '@touchmark/der';
import { parseCertificate, parseName, X509Error } from '@touchmark/x509';

import type { SampleKind } from './corpus.js';

interface Explanation {
  readonly reason: string;
  readonly section: string;
}

/**
 * Why we refuse what another reader takes, by our code. All of them read BER, or read parts only when these are asked for; whoever
 * takes two spellings of one thing can be told one and asked for the other.
 */
export const OURS_ALONE: Readonly<Record<string, Explanation>> = {
  DER_BAD_LENGTH: { reason: 'lengths are definite and minimal in DER', section: 'X.690 10.1' },
  DER_HIGH_TAG: { reason: 'no type of X.509 has a tag number above 30', section: 'RFC 5280 appendix A' },
  DER_TRUNCATED: { reason: 'they look into names, keys and extensions when asked for them', section: 'X.690 8.1.3' },
  DER_UNEXPECTED_TAG: { reason: 'the same, or a type that fits the lengths alone', section: 'RFC 5280 appendix A' },
  DER_TRAILING_DATA: { reason: 'they pass over what follows, in the file or in a SEQUENCE', section: 'RFC 5280 4.1' },
  DER_BAD_BOOLEAN: { reason: 'TRUE is FF', section: 'X.690 11.1' },
  DER_BAD_INTEGER: { reason: 'an INTEGER has no padding', section: 'X.690 8.3.2' },
  DER_INTEGER_RANGE: { reason: 'a version, a status is a small number', section: 'RFC 5280 4.1.2.1' },
  DER_BAD_BIT_STRING: { reason: 'unused bits are zero, and a signature is whole octets', section: 'X.690 11.2.1' },
  DER_BAD_NULL: { reason: 'NULL is empty', section: 'X.690 8.8.2' },
  DER_BAD_OID: { reason: 'arcs are minimal, and no larger than is of use', section: 'X.690 8.19.2' },
  DER_BAD_TIME: { reason: 'times have seconds and Z, and exist', section: 'RFC 5280 4.1.2.5' },
  DER_BAD_STRING: { reason: 'text keeps to the alphabet of its type', section: 'X.690 8.23' },
  DER_SET_ORDER: { reason: 'members of a SET OF are sorted', section: 'X.690 11.6' },
  DER_TOO_MANY: { reason: 'what costs must end', section: 'docs/standards.md, limits' },
  NAME_MALFORMED: { reason: 'an issuer has a name', section: 'RFC 5280 4.1.2.4' },
  VERSION_INVALID: {
    reason: 'extensions are for v3, unique identifiers for v2 and v3, no other version exists',
    section: 'RFC 5280 4.1.2.1',
  },
  SERIAL_NUMBER_INVALID: { reason: 'positive, at most 20 octets', section: 'RFC 5280 4.1.2.2' },
  SIGNATURE_ALGORITHM_MISMATCH: { reason: 'inside and outside the same', section: 'RFC 5280 4.1.1.2' },
  SUBJECT_PUBLIC_KEY_INFO_MALFORMED: { reason: 'a key is whole octets', section: 'RFC 5480 2.2' },
  EXTENSION_DUPLICATE: { reason: 'each extension once', section: 'RFC 5280 4.2' },
  EXTENSION_MALFORMED: {
    reason: 'DEFAULT FALSE is not encoded; entry extensions are read with their entry',
    section: 'X.690 11.5',
  },
  EXTENSION_CRITICAL_UNKNOWN: { reason: 'an entry that we cannot read in full says nothing', section: 'RFC 5280 5.3' },
  CERTIFICATION_REQUEST_MALFORMED: { reason: 'an attribute stands once, with one value', section: 'RFC 2986 4.1' },
  CERTIFICATE_LIST_MALFORMED: { reason: 'an empty list of entries is left out', section: 'RFC 5280 5.1.2.6' },
  OCSP_RESPONSE_MALFORMED: {
    reason: 'a status that exists, a response of type basic and only with success',
    section: 'RFC 6960 4.2.1',
  },
};

/** Why others refuse what we take. */
export const THEIRS_ALONE: readonly (Explanation & {
  readonly readers: readonly string[];
  readonly holds: (kind: SampleKind, bytes: Uint8Array) => boolean;
})[] = [
  {
    reason: 'values of type ANY are not looked into by us, and each by them',
    section: 'RFC 5280 A.1: AttributeValue, parameters; RFC 6960: what is not asked for',
    readers: ['node', 'peculiar', 'pkijs'],
    holds: (_kind, bytes) => !isSoundThroughout(new DerReader(bytes), 0),
  },
  {
    reason: 'OpenSSL takes no attribute of a name but text; we compare others by their octets',
    section: 'RFC 5280 A.1: AttributeValue ::= ANY',
    readers: ['node'],
    holds: (kind, bytes) => kind === 'certificate' && hasAttributeWithoutText(bytes),
  },
];

/** What made us refuse: the code of the DER below where there is one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof X509Error)) throw error;
  return error.cause instanceof DerError ? error.cause.code : error.code;
}

/** NumericString, PrintableString, TeletexString, IA5String, UniversalString, BMPString, UTF8String. */
const TEXT = new Set([0x12, 0x13, 0x14, 0x16, 0x1c, 0x1e, 0x0c]);
/** asn1js gives up below this. */
const MAX_DEPTH = 90;

function hasAttributeWithoutText(bytes: Uint8Array): boolean {
  const { issuer, subject } = parseCertificate(bytes);
  return [issuer, subject].some((name) => {
    try {
      return parseName(name)
        .flat()
        .some(({ der }) => !TEXT.has(der[0] ?? 0));
    } catch (error) {
      // text that is none
      if (error instanceof X509Error) return true;
      throw error;
    }
  });
}

// Whether each element, at whatever place, is what its universal type says.
function isSoundThroughout(reader: DerReader, depth: number): boolean {
  try {
    while (!reader.done) if (!isSound(reader, depth)) return false;
    return true;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

function isSound(reader: DerReader, depth: number): boolean {
  const tag = reader.peekTag();
  if ((tag & 0x20) !== 0) {
    const universal = tag < 0x40;
    if (depth > MAX_DEPTH || (universal && tag !== Tag.SEQUENCE && tag !== Tag.SET)) return false;
    return isSoundThroughout(reader.read(tag), depth + 1);
  }
  const read = tag < 0x40 ? UNIVERSAL.get(tag) : (one: DerReader) => one.skip();
  read?.(reader);
  return read !== undefined;
}

const UNIVERSAL: ReadonlyMap<number, (reader: DerReader) => unknown> = new Map<number, (reader: DerReader) => unknown>([
  [Tag.BOOLEAN, (reader) => reader.readBoolean()],
  [Tag.INTEGER, (reader) => reader.readInteger()],
  [Tag.BIT_STRING, (reader) => reader.readBitString()],
  [Tag.OCTET_STRING, (reader) => reader.readOctetString()],
  [Tag.NULL, (reader) => reader.readNull()],
  [Tag.OID, (reader) => reader.readOid()],
  [Tag.ENUMERATED, (reader) => reader.readContents(Tag.ENUMERATED).length > 0],
  [Tag.UTF8_STRING, (reader) => reader.readString()],
  [Tag.PRINTABLE_STRING, (reader) => reader.readString()],
  [Tag.IA5_STRING, (reader) => reader.readString()],
  [Tag.UTC_TIME, (reader) => reader.readTime()],
  [Tag.GENERALIZED_TIME, (reader) => reader.readTime()],
]);
