import {
  compareBytes,
  DerError,
  DerReader,
  encodeIa5String,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSetOf,
  encodeUtf8String,
  Oid,
  Tag,
} from '@touchmark/der';

import { X509Error } from './error.js';
import { checkCount, MAX_NAME_ATTRIBUTES } from './limits.js';
import { parsing } from './parsing.js';

/** One attribute of a relative distinguished name. */
export interface AttributeTypeAndValue {
  /** Dotted OID. */
  readonly type: string;
  /** Text of a UTF8String, PrintableString or IA5String; undefined for any other type. */
  readonly value: string | undefined;
  /** The value as its whole DER element. */
  readonly der: Uint8Array;
}

export type RelativeDistinguishedName = readonly AttributeTypeAndValue[];
export type Name = readonly RelativeDistinguishedName[];

/** The Name with no RDN at all (RFC 5280 4.1.2.6): `30 00`. */
export const EMPTY_NAME: Uint8Array = Uint8Array.of(0x30, 0);

/**
 * Reads a Name (RFC 5280 4.1.2.4). Compare names with `equalNames`, never by what this returns.
 * Throws X509Error NAME_MALFORMED.
 */
export function parseName(der: Uint8Array): Name {
  return parsing('NAME_MALFORMED', () => {
    const outer = new DerReader(der);
    const name: AttributeTypeAndValue[][] = [];
    walkName(outer, (rdn, type, element) => {
      (name[rdn] ??= []).push({ type, value: textOf(element), der: element });
    });
    outer.end();
    return name;
  });
}

/**
 * Text of every attribute of this type in a Name, in the order of their encoding; undefined for one that is no text that we read,
 * whatever the other attributes are. Throws X509Error NAME_MALFORMED.
 */
export function attributeTexts(der: Uint8Array, type: string): readonly (string | undefined)[] {
  return parsing('NAME_MALFORMED', () => {
    const texts: (string | undefined)[] = [];
    walkName(new DerReader(der), (_rdn, found, element) => {
      if (found === type) texts.push(readableText(element));
    });
    return texts;
  });
}

/** Passes over a Name, checking its structure; returns its DER. */
export function readName(reader: DerReader): Uint8Array {
  const der = reader.readElement(Tag.SEQUENCE);
  walkName(new DerReader(der), ignoreAttribute);
  return der;
}

/** Whether a Name has no attribute. */
export function isEmptyName(der: Uint8Array): boolean {
  return der.length === 2;
}

/**
 * Text of the attribute of this type. Undefined if the name has none; throws X509Error NAME_AMBIGUOUS if it has several or
 * one that is no text that we read: who asks for one serialNumber must not be handed any of two.
 */
export function attributeValue(name: Name, type: string): string | undefined {
  const found = name.flat().filter((attribute) => attribute.type === type);
  const [first] = found;
  if (first === undefined) return undefined;
  if (found.length > 1 || first.value === undefined) throw new X509Error('NAME_AMBIGUOUS', { oid: type });
  return first.value;
}

/**
 * A Name with one attribute in each RDN, in this order. countryName, serialNumber and dnQualifier become PrintableString,
 * emailAddress and domainComponent IA5String (RFC 5280 appendix A), everything else UTF8String. TypeError if a value does not fit.
 */
export function encodeName(attributes: readonly { readonly type: string; readonly value: string }[]): Uint8Array {
  return encodeSequence(
    ...attributes.map(({ type, value }) =>
      encodeSetOf([encodeSequence(encodeOid(type), encodeAttributeValue(type, value))]),
    ),
  );
}

/** A name for people to read, in the manner of RFC 4514 but in the order of its encoding. Not for comparing. */
export function formatName(name: Name): string {
  return name
    .map((rdn) => rdn.map(({ type, value }) => `${LABELS.get(type) ?? type}=${escapeValue(value ?? '?')}`).join('+'))
    .join(', ');
}

const LABELS = new Map<string, string>([
  [Oid.commonName, 'CN'],
  [Oid.serialNumber, 'serialNumber'],
  [Oid.countryName, 'C'],
  [Oid.localityName, 'L'],
  [Oid.stateOrProvinceName, 'ST'],
  [Oid.organizationName, 'O'],
  [Oid.organizationalUnitName, 'OU'],
  [Oid.domainComponent, 'DC'],
]);

function encodeAttributeValue(type: string, value: string): Uint8Array {
  switch (type) {
    case Oid.countryName:
    case Oid.serialNumber:
    case Oid.dnQualifier:
      return encodePrintableString(value);
    case Oid.emailAddress:
    case Oid.domainComponent:
      return encodeIa5String(value);
    default:
      return encodeUtf8String(value);
  }
}

function ignoreAttribute(): void {
  // readName wants the structure checked and nothing kept.
}

// Name ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
function walkName(reader: DerReader, visit: (rdn: number, type: string, value: Uint8Array) => void): void {
  const rdnSequence = reader.read(Tag.SEQUENCE);
  let attributes = 0;
  for (let index = 0; !rdnSequence.done; index++) {
    const at = rdnSequence.offset;
    const rdn = rdnSequence.read(Tag.SET);
    let previous: Uint8Array | undefined;
    do {
      checkCount(attributes, MAX_NAME_ATTRIBUTES, rdn);
      attributes += 1;
      const attribute = rdn.readElement(Tag.SEQUENCE);
      if (previous !== undefined && compareBytes(previous, attribute) >= 0) throw new DerError('DER_SET_ORDER', at);
      previous = attribute;
      const contents = new DerReader(attribute).read(Tag.SEQUENCE);
      const type = contents.readOid();
      const value = contents.readElement();
      contents.end();
      visit(index, type, value);
    } while (!rdn.done);
  }
}

function textOf(element: Uint8Array): string | undefined {
  const tag = element[0];
  const isText = tag === Tag.UTF8_STRING || tag === Tag.PRINTABLE_STRING || tag === Tag.IA5_STRING;
  return isText ? new DerReader(element).readString() : undefined;
}

function readableText(element: Uint8Array): string | undefined {
  try {
    return textOf(element);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function escapeValue(value: string): string {
  // Control characters must not reach a terminal or a log line.
  return value
    .replaceAll(/[\\,+"<>;=]/g, '\\$&')
    .replaceAll(/\p{C}/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
