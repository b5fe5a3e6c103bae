import { encodeElement, encodeOid, encodeSequence, encodeSetOf, encodeUtf8String, Oid } from '@touchmark/der';
import * as peculiar from '@peculiar/x509';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { X509Error } from './error.js';
import { attributeValue, EMPTY_NAME, encodeName, formatName, isEmptyName, parseName } from './name.js';

describe('names', () => {
  it('read back what was written', () => {
    const printable = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/);
    const attribute = fc.oneof(
      fc.record({
        type: fc.constantFrom(Oid.commonName, Oid.organizationName),
        value: fc.string({ unit: 'grapheme' }),
      }),
      fc.record({ type: fc.constantFrom(Oid.serialNumber, Oid.countryName, Oid.emailAddress), value: printable }),
    );
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 6 }), (attributes) => {
        const name = parseName(encodeName(attributes));
        expect(name.map(([only]) => ({ type: only!.type, value: only!.value }))).toEqual(attributes);
      }),
    );
  });

  it('are the names that @peculiar/x509 reads', () => {
    const der = encodeName([
      { type: Oid.organizationName, value: 'Fabrik Süd, "A"' },
      { type: Oid.serialNumber, value: 'A-1.2' },
    ]);
    expect(new peculiar.Name(der).toJSON()).toEqual([{ O: ['Fabrik Süd, "A"'] }, { [Oid.serialNumber]: ['A-1.2'] }]);
  });

  it('without attributes are two octets', () => {
    expect(encodeName([])).toEqual(EMPTY_NAME);
    expect(isEmptyName(EMPTY_NAME)).toBe(true);
    expect(isEmptyName(encodeName([{ type: Oid.commonName, value: '' }]))).toBe(false);
    expect(parseName(EMPTY_NAME)).toEqual([]);
  });

  it('give one attribute by its type, and refuse to choose between two', () => {
    const one = parseName(encodeName([{ type: Oid.serialNumber, value: 'A' }]));
    expect(attributeValue(one, Oid.serialNumber)).toBe('A');
    expect(attributeValue(one, Oid.commonName)).toBeUndefined();
    const two = parseName(encodeName(['A', 'B'].map((value) => ({ type: Oid.serialNumber, value }))));
    expect(() => attributeValue(two, Oid.serialNumber)).toThrow(expect.objectContaining({ code: 'NAME_AMBIGUOUS' }));
  });

  it('keep several attributes in one RDN, and values that are no text that we read', () => {
    const teletex = encodeElement(0x14, Uint8Array.of(0x41));
    const der = encodeSequence(
      encodeSetOf([
        encodeSequence(encodeOid(Oid.commonName), encodeUtf8String('x')),
        encodeSequence(encodeOid(Oid.organizationName), teletex),
      ]),
    );
    const name = parseName(der);
    expect(name).toHaveLength(1);
    expect(name[0]?.map((a) => [a.type, a.value])).toEqual([
      [Oid.commonName, 'x'],
      [Oid.organizationName, undefined],
    ]);
    expect(() => attributeValue(name, Oid.organizationName)).toThrow(X509Error);
  });

  it('refuse text outside of its alphabet', () => {
    const der = encodeSequence(
      encodeSetOf([encodeSequence(encodeOid(Oid.commonName), encodeElement(0x13, Uint8Array.of(0x40)))]),
    );
    expect(() => parseName(der)).toThrow(expect.objectContaining({ code: 'NAME_MALFORMED' }));
  });

  it('print without control characters', () => {
    const der = encodeName([{ type: Oid.commonName, value: 'a\u001b[2J,b' }]);
    expect(formatName(parseName(der))).toBe('CN=a\\u{1b}[2J\\,b');
  });
});
