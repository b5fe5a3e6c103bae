import {
  encodeElement,
  encodeIa5String,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeUtf8String,
  Oid,
} from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { mayBeSameRdn, rdnLikenesses } from './name-alike.js';

const rdn = (...attributes: (readonly [type: string, value: Uint8Array])[]): Uint8Array =>
  encodeSequence(encodeSetOf(attributes.map(([type, value]) => encodeSequence(encodeOid(type), value))));
const o = (value: Uint8Array): Uint8Array => rdn([Oid.organizationName, value]);
const utf8 = (text: string): Uint8Array => o(encodeUtf8String(text));
const typed = (tag: number, contents: Uint8Array | string): Uint8Array => o(encodeElement(tag, Buffer.from(contents)));
const bmp = (text: string): Uint8Array => typed(0x1e, Buffer.from(text, 'utf16le').swap16());

function mayBeSame(a: Uint8Array, b: Uint8Array): boolean {
  const [left] = rdnLikenesses(a);
  const [right] = rdnLikenesses(b);
  if (left === undefined || right === undefined) throw new Error('two RDNs are compared');
  expect(mayBeSameRdn(right, left)).toBe(mayBeSameRdn(left, right));
  return mayBeSameRdn(left, right);
}

describe('an RDN in another string type', () => {
  it.each([
    ['PrintableString', typed(0x13, 'EVIL & Co')],
    ['IA5String', o(encodeIa5String('Evil & Co'))],
    ['TeletexString', typed(0x14, 'Evil & co')],
    ['VisibleString', typed(0x1a, ' evil  & Co')],
    ['NumericString', typed(0x12, 'Evil & Co')],
    ['BMPString', bmp('Evil & Co')],
    ['UniversalString', typed(0x1c, Buffer.from(Array.from('Evil & Co', (c) => `\0\0\0${c}`).join('')))],
  ])('is the same as %s', (_type, other) => {
    expect(mayBeSame(utf8('Evil & Co'), other)).toBe(true);
    expect(mayBeSame(utf8('Evil'), other)).toBe(false);
  });

  it.each([
    ['UTF8String that is none', typed(0x0c, Uint8Array.of(0xff))],
    ['TeletexString beyond ASCII', typed(0x14, Uint8Array.of(0xe9))],
    ['IA5String with a control character', typed(0x16, 'Other\0')],
    ['BMPString of half a surrogate', typed(0x1e, Uint8Array.of(0xd8, 0))],
    ['BMPString of odd length', typed(0x1e, Uint8Array.of(0))],
    ['UniversalString beyond Unicode', typed(0x1c, Uint8Array.of(0, 0x11, 0, 0))],
    ['UniversalString of a surrogate', typed(0x1c, Uint8Array.of(0, 0, 0xd8, 0))],
    ['UniversalString of odd length', typed(0x1c, Uint8Array.of(0, 0))],
    ['unassigned code point', utf8('Evil\u0378')],
    ['GeneralString', typed(0x1b, 'Other')],
    ['SEQUENCE', o(encodeSequence())],
  ])('may be any as %s', (_type, other) => {
    expect(mayBeSame(utf8('Evil'), other)).toBe(true);
  });

  it('is another one as what is no string, of another type, or with more attributes', () => {
    expect(mayBeSame(utf8('Evil'), typed(0x04, 'Evil'))).toBe(false);
    expect(mayBeSame(typed(0x04, 'Evil'), typed(0x04, 'Evil'))).toBe(true);
    const value = encodeUtf8String('Evil');
    expect(mayBeSame(utf8('Evil'), rdn([Oid.commonName, value]))).toBe(false);
    expect(mayBeSame(utf8('Evil'), rdn([Oid.commonName, value], [Oid.organizationName, value]))).toBe(false);
  });

  it('has its attributes in any order', () => {
    const [a, b] = [encodeUtf8String('A'), encodeUtf8String('B')];
    // BMPString sorts behind what UTF8String sorts before
    const late = encodeElement(0x1e, Uint8Array.of(0, 0x41));
    const names = [a, late].map((first) => rdn([Oid.organizationName, first], [Oid.organizationName, b]));
    expect(mayBeSame(names[0] ?? a, names[1] ?? a)).toBe(true);
  });
});
