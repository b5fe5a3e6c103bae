import {
  encodeElement,
  encodeIa5String,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSetOf,
  encodeUtf8String,
  Oid,
  Tag,
} from '@touchmark/der';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hostileVariants } from '@touchmark/testkit';

import { X509Error } from './error.js';
import { EMPTY_NAME, encodeName } from './name.js';
import { equalNames, rdnKeys } from './name-match.js';

type Attribute = readonly [type: string, value: Uint8Array];

const rdn = (...attributes: readonly Attribute[]): Uint8Array =>
  encodeSetOf(attributes.map(([type, value]) => encodeSequence(encodeOid(type), value)));
const name = (...rdns: readonly (readonly Attribute[])[]): Uint8Array =>
  encodeSequence(...rdns.map((attributes) => rdn(...attributes)));
const o = (value: Uint8Array): Uint8Array => name([[Oid.organizationName, value]]);
const utf8 = (text: string): Uint8Array => o(encodeUtf8String(text));
const printable = (text: string): Uint8Array => o(encodePrintableString(text));
const teletex = (text: string): Uint8Array => o(encodeElement(0x14, Buffer.from(text, 'latin1')));

describe('equalNames (RFC 5280 7.1)', () => {
  it.each<[string, (letter: string) => Uint8Array, (letter: string) => Uint8Array]>([
    [
      'marks in a row: 30, not 31 (UAX #15)',
      (letter) => utf8(letter + '\u0301'.repeat(30)),
      (letter) => utf8(letter + '\u0301'.repeat(31)),
    ],
    [
      'letters that grow in normalization',
      (letter) => utf8(letter + '\ufdfa'.repeat(10)),
      (letter) => utf8(letter + '\ufdfa'.repeat(100)),
    ],
    ['octets: 4096', (letter) => utf8(letter.repeat(4000)), (letter) => utf8(letter.repeat(4100))],
  ])('compares text that was made to cost by its octets alone: %s', (_what, sound, costly) => {
    expect(equalNames(sound('a'), sound('A'))).toBe(true);
    expect(equalNames(costly('a'), costly('A'))).toBe(false);
    expect(equalNames(costly('a'), costly('a'))).toBe(true);
    expect(rdnKeys(sound('a'))).toEqual(rdnKeys(sound('A')));
    expect(rdnKeys(costly('a'))).not.toEqual(rdnKeys(costly('A')));
  });

  it.each<[string, Uint8Array, Uint8Array]>([
    ['the same octets', teletex('A'), teletex('A')],
    ['capital letters', printable('Test Certificates'), printable('TEST certificates')],
    ['spaces within, before and behind', printable('Test  CA'), printable(' Test   CA ')],
    ['PrintableString and UTF8String', printable('Test CA'), utf8('test ca')],
    ['other white space', utf8('Test CA'), utf8('Test\t\u00a0\u3000CA\r\n')],
    ['nothing and spaces', utf8(''), utf8('   ')],
    ['what is mapped to nothing', utf8('Fabrik'), utf8('Fab\u00ad\u200b\u200drik\ufe0f\u0000')],
    ['composed and decomposed letters', utf8('S\u00fcd'), utf8('SU\u0308D')],
    ['compatibility forms', utf8('\uff21\ufb01\u2122'), utf8('afitm')],
    ['capitals in compatibility forms', utf8('\u210c'), utf8('h')],
    ['folded case', utf8('STRASSE \u03a3\u039f\u03a3'), utf8('stra\u00dfe \u03c3\u03bf\u03c2')],
    [
      'attributes of one RDN in another order of encoding',
      name([
        [Oid.commonName, encodeUtf8String('b')],
        [Oid.organizationName, encodePrintableString('A')],
      ]),
      name([
        [Oid.commonName, encodePrintableString('B')],
        [Oid.organizationName, encodePrintableString('a')],
      ]),
    ],
    [
      'the same attribute type twice in one RDN',
      name([
        [Oid.organizationName, encodeUtf8String('a')],
        [Oid.organizationName, encodePrintableString('B')],
      ]),
      name([
        [Oid.organizationName, encodeUtf8String('b')],
        [Oid.organizationName, encodePrintableString('A')],
      ]),
    ],
    [
      'domainComponent in another case',
      encodeName([{ type: Oid.domainComponent, value: 'Example' }]),
      encodeName([{ type: Oid.domainComponent, value: 'example' }]),
    ],
    [
      'emailAddress in another case',
      encodeName([{ type: Oid.emailAddress, value: 'A@b.example' }]),
      encodeName([{ type: Oid.emailAddress, value: 'a@B.example' }]),
    ],
  ])('holds for %s', (_name, a, b) => {
    expect(equalNames(a, b)).toBe(true);
    expect(equalNames(b, a)).toBe(true);
    expect(rdnKeys(a)).toEqual(rdnKeys(b));
  });

  it.each<[string, Uint8Array, Uint8Array]>([
    ['other text', utf8('A'), utf8('B')],
    ['a space more between letters', utf8('TestCA'), utf8('Test CA')],
    ['a space with an accent of its own', utf8('a \u0301b'), utf8('a\u0301b')],
    ['another attribute type', printable('A'), encodeName([{ type: Oid.commonName, value: 'A' }])],
    ['the dotless i and the i', utf8('\u0131'), utf8('i')],
    ['TeletexString in another case', teletex('A'), teletex('a')],
    ['TeletexString and UTF8String', teletex('A'), utf8('A')],
    ['IA5String where text of another type belongs', o(encodeIa5String('A')), utf8('A')],
    [
      'BMPString in another case',
      o(encodeElement(0x1e, Uint8Array.of(0, 0x41))),
      o(encodeElement(0x1e, Uint8Array.of(0, 0x61))),
    ],
    ['private use', utf8('\ue000A'), utf8('\ue000a')],
    ['code points that are not assigned', utf8('\u{e0080}A'), utf8('\u{e0080}a')],
    [
      'ill-formed UTF-8',
      o(encodeElement(Tag.UTF8_STRING, Uint8Array.of(0xff, 0x41))),
      o(encodeElement(Tag.UTF8_STRING, Uint8Array.of(0xff, 0x61))),
    ],
    ['octets that only look like a key', utf8('#0c0141'), utf8('A')],
    [
      'RDNs in another order',
      encodeName([
        { type: Oid.organizationName, value: 'A' },
        { type: Oid.commonName, value: 'B' },
      ]),
      encodeName([
        { type: Oid.commonName, value: 'B' },
        { type: Oid.organizationName, value: 'A' },
      ]),
    ],
    [
      'an RDN more',
      encodeName([
        { type: Oid.organizationName, value: 'A' },
        { type: Oid.commonName, value: 'B' },
      ]),
      utf8('A'),
    ],
    [
      'one RDN of two attributes and two RDNs',
      name([
        [Oid.commonName, encodeUtf8String('b')],
        [Oid.organizationName, encodeUtf8String('A')],
      ]),
      name([[Oid.commonName, encodeUtf8String('b')]], [[Oid.organizationName, encodeUtf8String('A')]]),
    ],
    ['the empty name', EMPTY_NAME, utf8('')],
  ])('does not hold for %s', (_name, a, b) => {
    expect(equalNames(a, b)).toBe(false);
    expect(equalNames(b, a)).toBe(false);
  });

  it('is an equivalence, and two names are equal exactly if their keys are', () => {
    const letter = fc.constantFrom(
      'a',
      'A',
      'i',
      ' ',
      '\u00c4',
      '\u0308',
      '\u0131',
      '\u0130',
      '\u00df',
      '\u03c2',
      '\u03a3',
    );
    const text = fc.string({ unit: letter, maxLength: 4 });
    const value = fc
      .tuple(fc.constantFrom<(s: string) => Uint8Array>(encodeUtf8String, plainOrUtf8), text)
      .map(([encode, t]) => encode(t));
    const attribute = fc.tuple(fc.constantFrom(Oid.commonName, Oid.organizationName), value);
    const rdns = fc.array(fc.uniqueArray(attribute, { minLength: 1, maxLength: 2, selector: String }), {
      maxLength: 2,
    });
    const names = rdns.map((all) => name(...all));
    fc.assert(
      fc.property(names, names, names, (a, b, c) => {
        expect(equalNames(a, a)).toBe(true);
        expect(equalNames(a, b)).toBe(equalNames(b, a));
        expect(equalNames(a, b)).toBe(JSON.stringify(rdnKeys(a)) === JSON.stringify(rdnKeys(b)));
        expect(equalNames(a, c) || !equalNames(a, b) || !equalNames(b, c)).toBe(true);
      }),
    );
  });

  it('throws nothing but X509Error', () => {
    const der = name(
      [[Oid.commonName, encodeUtf8String('S\u00fcd')]],
      [[Oid.organizationName, encodePrintableString('A b')]],
    );
    const variants = hostileVariants(der, 7);
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      try {
        equalNames(variants.next().value, utf8('x'));
        rdnKeys(variants.next().value);
      } catch (error) {
        if (!(error instanceof X509Error)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

function plainOrUtf8(text: string): Uint8Array {
  return /^[aAi ]*$/.test(text) ? encodePrintableString(text) : encodeUtf8String(text);
}
