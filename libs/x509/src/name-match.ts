import { DerError, DerReader, encodeOid, equalBytes, Oid, Tag, toHex } from '@touchmark/der';

import { parsing } from './parsing.js';
import { prepareCaseIgnore } from './string-prep.js';

/** No name comes near; longer ones compare by octets, so that nobody can make them cost more. */
const MAX_COMPARED_OCTETS = 4096;

/**
 * Whether two Names (DER) are the same: RFC 5280 section 7.1. RDNs in order, the attributes of one RDN in any order, types equal.
 * PrintableString and UTF8String compare with caseIgnoreMatch, and so do IA5Strings of domainComponent and emailAddress (7.3);
 * anything else, and text that is not what its type says, compares by octets. Throws X509Error NAME_MALFORMED.
 */
export function equalNames(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  if (!isComparableName(a) || !isComparableName(b)) return false;
  return parsing('NAME_MALFORMED', () => {
    const left = rdnsOf(a);
    const right = rdnsOf(b);
    while (!left.done && !right.done) {
      if (!equalRdns(left.readElement(Tag.SET), right.readElement(Tag.SET))) return false;
    }
    return left.done && right.done;
  });
}

/**
 * A text for each RDN: two Names are equal as `equalNames` says exactly if their texts are, one by one. For who compares one Name with
 * many, or the beginnings of names. Throws X509Error NAME_MALFORMED.
 */
export function rdnKeys(name: Uint8Array): readonly string[] {
  const keyOf = isComparableName(name) ? keyOfRdn : keyOfOctets;
  return parsing('NAME_MALFORMED', () => {
    const rdns = rdnsOf(name);
    const keys: string[] = [];
    while (!rdns.done) keys.push(keyOf(rdns.readElement(Tag.SET)));
    return keys;
  });
}

/** Whether a Name is compared by more than its octets: it is not absurdly long. */
export function isComparableName(name: Uint8Array): boolean {
  return name.length <= MAX_COMPARED_OCTETS;
}

/** A reader over the RDNs of a Name. */
export function rdnsOf(name: Uint8Array): DerReader {
  const outer = new DerReader(name);
  const rdns = outer.read(Tag.SEQUENCE);
  outer.end();
  return rdns;
}

/** Whole elements, as they stand. */
export interface EncodedAttribute {
  readonly type: Uint8Array;
  readonly value: Uint8Array;
}

function equalRdns(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  const [left, ...moreLeft] = attributesOf(a);
  const [right, ...moreRight] = attributesOf(b);
  if (left === undefined || right === undefined || moreLeft.length !== moreRight.length) return false;
  if (moreLeft.length > 0) return keyOfAttributes([left, ...moreLeft]) === keyOfAttributes([right, ...moreRight]);
  // Nearly every RDN is a single attribute; most that differ do so in its type or already have another text.
  if (!equalBytes(left.type, right.type)) return false;
  return equalBytes(left.value, right.value) || keyOfValue(left) === keyOfValue(right);
}

function keyOfOctets(rdn: Uint8Array): string {
  return `#${toHex(rdn)}`;
}

function keyOfRdn(rdn: Uint8Array): string {
  return keyOfAttributes(attributesOf(rdn));
}

// Neither hexadecimal nor prepared text holds a NUL, so that it can stand between them.
function keyOfAttributes(attributes: readonly EncodedAttribute[]): string {
  const keys = attributes.map((attribute) => `${toHex(attribute.type)}\0${keyOfValue(attribute)}`);
  return keys.toSorted().join('\0\0');
}

export function attributesOf(rdn: Uint8Array): readonly EncodedAttribute[] {
  const set = new DerReader(rdn).read(Tag.SET);
  const attributes: EncodedAttribute[] = [];
  while (!set.done) {
    const attribute = set.read(Tag.SEQUENCE);
    attributes.push({ type: attribute.readElement(Tag.OID), value: attribute.readElement() });
    attribute.end();
  }
  return attributes;
}

let ia5Types: readonly Uint8Array[] | undefined;

function keyOfValue({ type, value }: EncodedAttribute): string {
  const [tag] = value;
  ia5Types ??= [Oid.domainComponent, Oid.emailAddress].map(encodeOid);
  const isText =
    tag === Tag.UTF8_STRING ||
    tag === Tag.PRINTABLE_STRING ||
    (tag === Tag.IA5_STRING && ia5Types.some((ia5) => equalBytes(ia5, type)));
  const text = isText ? preparedText(value) : undefined;
  return text === undefined ? `#${toHex(value)}` : `=${text}`;
}

function preparedText(value: Uint8Array): string | undefined {
  try {
    return prepareCaseIgnore(new DerReader(value).readString());
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
