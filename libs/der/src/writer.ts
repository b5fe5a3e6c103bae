import { compareBytes } from './bytes.js';
import { encodeOidContents } from './oid.js';
import { contextTag, Tag } from './tags.js';
import { fitsUtcTime, formatGeneralizedTime } from './time.js';

/** One element: identifier octet, minimal definite length, the parts as contents. One allocation. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const element = allocateElement(tag, length);
  let at = element.length - length;
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}

/** The length octets alone (X.690 8.1.3), for who splices templates. */
export function encodeLength(n: number): Uint8Array {
  const octets = new Uint8Array(lengthOctets(n));
  writeLength(octets, 0, n);
  return octets;
}

export function encodeSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(Tag.SEQUENCE, ...parts);
}

/** A SET whose members the caller has put in order of tags (X.690 10.3). */
export function encodeSet(...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(Tag.SET, ...parts);
}

/** A SET OF: sorts the encodings (X.690 11.6). */
export function encodeSetOf(parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(Tag.SET, ...parts.toSorted(compareBytes));
}

/** A non-negative INTEGER from its big-endian magnitude; leading zeros do not matter, empty is 0. */
export function encodeInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const digits = magnitude.subarray(start);
  const pad = digits.length === 0 || ((digits[0] ?? 0) & 0x80) !== 0 ? 1 : 0;
  const element = allocateElement(Tag.INTEGER, digits.length + pad);
  element.set(digits, element.length - digits.length);
  return element;
}

/** A non-negative INTEGER up to 2^53 - 1. */
export function encodeSmallInteger(n: number): Uint8Array {
  return encodeInteger(magnitudeOf(n));
}

export function encodeEnumerated(n: number): Uint8Array {
  const element = encodeInteger(magnitudeOf(n));
  element[0] = Tag.ENUMERATED;
  return element;
}

/** OBJECT IDENTIFIER from its dotted form, arcs of any size. TypeError if it is none. */
export function encodeOid(dotted: string): Uint8Array {
  return encodeElement(Tag.OID, encodeOidContents(dotted));
}

export function encodeBoolean(value: boolean): Uint8Array {
  return Uint8Array.of(Tag.BOOLEAN, 1, value ? 0xff : 0);
}

export function encodeNull(): Uint8Array {
  return Uint8Array.of(Tag.NULL, 0);
}

export function encodeOctetString(bytes: Uint8Array): Uint8Array {
  return encodeElement(Tag.OCTET_STRING, bytes);
}

/** BIT STRING; the unused bits of the last octet must be zero (X.690 11.2.1), TypeError otherwise. */
export function encodeBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  const last = bytes[bytes.length - 1];
  if (!Number.isInteger(unusedBits) || unusedBits < 0 || unusedBits > 7) throw new TypeError('unused bits are 0 to 7');
  if (unusedBits > 0 && (last === undefined || (last & ((1 << unusedBits) - 1)) !== 0)) {
    throw new TypeError('unused bits must be zero');
  }
  const element = allocateElement(Tag.BIT_STRING, bytes.length + 1);
  element[element.length - bytes.length - 1] = unusedBits;
  element.set(bytes, element.length - bytes.length);
  return element;
}

export function encodeUtf8String(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError('not well-formed Unicode');
  return encodeElement(Tag.UTF8_STRING, Buffer.from(text, 'utf8'));
}

export function encodePrintableString(text: string): Uint8Array {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new TypeError('not a PrintableString');
  return encodeElement(Tag.PRINTABLE_STRING, Buffer.from(text, 'latin1'));
}

export function encodeIa5String(text: string): Uint8Array {
  // oxlint-disable-next-line no-control-regex -- IA5String is all of ASCII, control characters included
  if (!/^[\x00-\x7f]*$/.test(text)) throw new TypeError('not an IA5String');
  return encodeElement(Tag.IA5_STRING, Buffer.from(text, 'latin1'));
}

/** Time as RFC 5280 4.1.2.5 wants it, from UTC seconds: UTCTime from 1950 through 2049, else GeneralizedTime. */
export function encodeTime(seconds: number): Uint8Array {
  if (!fitsUtcTime(seconds)) return encodeGeneralizedTime(seconds);
  return encodeElement(Tag.UTC_TIME, Buffer.from(formatGeneralizedTime(seconds).slice(2), 'latin1'));
}

/** GeneralizedTime without fractions, from whole UTC seconds. */
export function encodeGeneralizedTime(seconds: number): Uint8Array {
  return encodeElement(Tag.GENERALIZED_TIME, Buffer.from(formatGeneralizedTime(seconds), 'latin1'));
}

/** `[n] EXPLICIT` around the parts; also an IMPLICIT SEQUENCE or SET made of them. */
export function encodeExplicit(n: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(contextTag(n, true), ...parts);
}

/** `[n] IMPLICIT` of a primitive type, from its contents. */
export function encodeImplicit(n: number, primitiveContents: Uint8Array): Uint8Array {
  return encodeElement(contextTag(n), primitiveContents);
}

function allocateElement(tag: number, length: number): Uint8Array {
  const octets = lengthOctets(length);
  const element = new Uint8Array(1 + octets + length);
  element[0] = tag;
  writeLength(element, 1, length);
  return element;
}

function lengthOctets(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > 0xffff_ffff) throw new TypeError('a length is 0 to 2^32 - 1');
  if (n < 0x80) return 1;
  if (n < 0x100) return 2;
  if (n < 0x1_0000) return 3;
  return n < 0x100_0000 ? 4 : 5;
}

function writeLength(into: Uint8Array, at: number, n: number): void {
  if (n < 0x80) {
    into[at] = n;
    return;
  }
  const count = lengthOctets(n) - 1;
  into[at] = 0x80 | count;
  let rest = n;
  for (let i = at + count; i > at; i--) {
    into[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
}

function magnitudeOf(n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0) throw new TypeError('a small INTEGER is 0 to 2^53 - 1');
  if (n < 0x100) return Uint8Array.of(n);
  const octets: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) octets.push(rest % 256);
  return Uint8Array.from(octets.toReversed());
}
