import { DerError, DerReader, equalBytes, Oid, Tag, toHex } from '@touchmark/der';

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
  if (Math.max(a.length, b.length) > MAX_COMPARED_OCTETS) return false;
  return comparing(a, b, (left, right) => beginsWith(left, right) && left.done);
}

/** Whether `name` is `prefix` or stands below it in the directory: its first RDNs are those of `prefix` (4.2.1.10). */
export function nameStartsWith(name: Uint8Array, prefix: Uint8Array): boolean {
  return comparing(name, prefix, beginsWith);
}

/**
 * A text for each RDN, equal where the RDNs are the same: for who compares one Name with many. Throws X509Error NAME_MALFORMED.
 */
export function rdnKeys(name: Uint8Array): readonly string[] {
  return parsing('NAME_MALFORMED', () => {
    const rdns = rdnsOf(name);
    const keys: string[] = [];
    while (!rdns.done) keys.push(keyOfRdn(rdns.readElement(Tag.SET)));
    return keys;
  });
}

function comparing(a: Uint8Array, b: Uint8Array, compare: (left: DerReader, right: DerReader) => boolean): boolean {
  return parsing('NAME_MALFORMED', () => compare(rdnsOf(a), rdnsOf(b)));
}

function beginsWith(name: DerReader, prefix: DerReader): boolean {
  while (!prefix.done) {
    if (name.done) return false;
    const left = name.readElement(Tag.SET);
    const right = prefix.readElement(Tag.SET);
    if (!equalBytes(left, right) && keyOfRdn(left) !== keyOfRdn(right)) return false;
  }
  return true;
}

function rdnsOf(name: Uint8Array): DerReader {
  const outer = new DerReader(name);
  const rdns = outer.read(Tag.SEQUENCE);
  outer.end();
  return rdns;
}

// Neither a dotted type, hexadecimal nor prepared text holds a NUL, so that it can stand between them.
function keyOfRdn(rdn: Uint8Array): string {
  const attributes = new DerReader(rdn).read(Tag.SET);
  const first = keyOfAttribute(attributes);
  if (attributes.done) return first;
  const keys = [first];
  while (!attributes.done) keys.push(keyOfAttribute(attributes));
  return keys.toSorted().join('\0\0');
}

function keyOfAttribute(attributes: DerReader): string {
  const attribute = attributes.read(Tag.SEQUENCE);
  const type = attribute.readOid();
  const value = attribute.readElement();
  attribute.end();
  const text = comparableText(type, value);
  return text === undefined ? `${type}\0#${toHex(value)}` : `${type}\0=${text}`;
}

function comparableText(type: string, value: Uint8Array): string | undefined {
  const tag = value[0];
  const ia5 = tag === Tag.IA5_STRING && (type === Oid.domainComponent || type === Oid.emailAddress);
  if (tag !== Tag.UTF8_STRING && tag !== Tag.PRINTABLE_STRING && !ia5) return undefined;
  const text = textOf(value);
  return text === undefined ? undefined : prepareCaseIgnore(text);
}

function textOf(value: Uint8Array): string | undefined {
  try {
    return new DerReader(value).readString();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
