import { Tag } from '@touchmark/der';

import { attributesOf, type EncodedAttribute, rdnsOf } from './name-match.js';
import { parsing } from './parsing.js';
import { prepareCaseIgnore } from './string-prep.js';

/** What can be said of an RDN for who asks whether it may be the same as another, in whatever string type either is written. */
export interface RdnLikeness {
  /** Its attribute types. */
  readonly types: string;
  /** Its texts without case; undefined if one of them cannot be compared, so that it may be any. */
  readonly values: string | undefined;
}

/** One for each RDN of a Name (DER). Throws X509Error NAME_MALFORMED. */
export function rdnLikenesses(name: Uint8Array): readonly RdnLikeness[] {
  return parsing('NAME_MALFORMED', () => {
    const rdns = rdnsOf(name);
    const likenesses: RdnLikeness[] = [];
    while (!rdns.done) likenesses.push(likenessOf(attributesOf(rdns.readElement(Tag.SET))));
    return likenesses;
  });
}

/**
 * Whether two RDNs may be the same for somebody: `equalNames` goes by RFC 5280 7.1, where a BMPString equals no UTF8String and an
 * IA5String has its case, but who reads names sees the text. What cannot be compared counts as the same. For what must be kept out.
 */
export function mayBeSameRdn(a: RdnLikeness, b: RdnLikeness): boolean {
  return a.types === b.types && (a.values === undefined || b.values === undefined || a.values === b.values);
}

function likenessOf(attributes: readonly EncodedAttribute[]): RdnLikeness {
  const sorted = attributes
    .map(({ type, value }) => ({ type: latin1(type), value: likenessOfValue(value) }))
    .toSorted((a, b) => compare(a.type, b.type) || compare(a.value ?? '', b.value ?? ''));
  const values = sorted.map(({ value }) => value);
  return {
    types: JSON.stringify(sorted.map(({ type }) => type)),
    values: values.includes(undefined) ? undefined : JSON.stringify(values),
  };
}

// No string types: one value has one encoding.
const BY_OCTETS: ReadonlySet<number> = new Set([
  Tag.BOOLEAN,
  Tag.INTEGER,
  Tag.BIT_STRING,
  Tag.OCTET_STRING,
  Tag.NULL,
  Tag.OID,
  Tag.ENUMERATED,
  Tag.UTC_TIME,
  Tag.GENERALIZED_TIME,
]);

function likenessOfValue(value: Uint8Array): string | undefined {
  const [tag = 0] = value;
  if (BY_OCTETS.has(tag)) return `#${latin1(value)}`;
  const text = textOf(tag, contentsOf(value));
  const prepared = text === undefined ? undefined : prepareCaseIgnore(text);
  return prepared === undefined ? undefined : `=${prepared}`;
}

const NUMERIC_STRING = 0x12;
const TELETEX_STRING = 0x14;
const VISIBLE_STRING = 0x1a;
const UNIVERSAL_STRING = 0x1c;
const BMP_STRING = 0x1e;

/** Text of every string type that a DirectoryString may be, and of those that people put there instead; undefined if it is not certain. */
function textOf(tag: number, contents: Uint8Array): string | undefined {
  switch (tag) {
    case Tag.UTF8_STRING:
      return decoded('utf-8', contents);
    // TeletexString switches character sets by what is not ASCII.
    case Tag.PRINTABLE_STRING:
    case Tag.IA5_STRING:
    case NUMERIC_STRING:
    case TELETEX_STRING:
    case VISIBLE_STRING:
      return contents.every((octet) => octet >= 0x20 && octet < 0x7f) ? latin1(contents) : undefined;
    case BMP_STRING:
      return decoded('utf-16be', contents);
    case UNIVERSAL_STRING:
      return utf32(contents);
    default:
      return undefined;
  }
}

function decoded(encoding: 'utf-8' | 'utf-16be', octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function utf32(octets: Uint8Array): string | undefined {
  if (octets.length % 4 !== 0) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  let text = '';
  for (let i = 0; i < octets.length; i += 4) {
    const codePoint = view.getUint32(i);
    if (codePoint > 0x10ffff) return undefined;
    text += String.fromCodePoint(codePoint);
  }
  return text.isWellFormed() ? text : undefined;
}

// The length octets were checked when the name was read.
function contentsOf(element: Uint8Array): Uint8Array {
  const length = element[1] ?? 0;
  return element.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f));
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
