import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { concatBytes, equalBytes, fromHex, toHex } from './bytes.js';
import { Oid } from './oids.js';
import { DerReader } from './reader.js';
import { contextTag, Tag } from './tags.js';
import { MAX_TIME } from './time.js';
import {
  encodeBitString,
  encodeBoolean,
  encodeElement,
  encodeEnumerated,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeIa5String,
  encodeImplicit,
  encodeInteger,
  encodeLength,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeSetOf,
  encodeSmallInteger,
  encodeTime,
  encodeUtf8String,
} from './writer.js';

function roundTrip<T>(der: Uint8Array, read: (r: DerReader) => T): T {
  const reader = new DerReader(der);
  const value = read(reader);
  reader.end();
  return value;
}

describe('what is written reads back', () => {
  it('elements of any length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216]) {
      const contents = new Uint8Array(length).fill(7);
      expect(
        equalBytes(
          roundTrip(encodeOctetString(contents), (r) => r.readOctetString()),
          contents,
        ),
      ).toBe(true);
    }
  });

  it('INTEGERs from magnitudes with and without leading zeros', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (magnitude) => {
        const value = BigInt(`0x0${toHex(roundTrip(encodeInteger(magnitude), (r) => r.readInteger()))}`);
        expect(value).toBe(BigInt(`0x0${toHex(magnitude)}`));
      }),
    );
    fc.assert(
      fc.property(fc.nat(0x7fff_ffff), (n) => {
        expect(roundTrip(encodeSmallInteger(n), (r) => r.readSmallInteger())).toBe(n);
        expect(roundTrip(encodeEnumerated(n), (r) => r.readEnumerated())).toBe(n);
      }),
    );
  });

  it('OIDs with arcs of any size', () => {
    const rest = fc.array(fc.bigInt({ min: 0n, max: 2n ** 130n }), { maxLength: 8 });
    const head = fc.oneof(
      fc.tuple(fc.constantFrom('0', '1'), fc.bigInt({ min: 0n, max: 39n })),
      fc.tuple(fc.constant('2'), fc.bigInt({ min: 0n, max: 2n ** 130n })),
    );
    fc.assert(
      fc.property(head, rest, (first, arcs) => {
        const dotted = [...first, ...arcs].join('.');
        expect(roundTrip(encodeOid(dotted), (r) => r.readOid())).toBe(dotted);
      }),
    );
  });

  it('times, the way Date counts them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: MAX_TIME }), (seconds) => {
        expect(roundTrip(encodeTime(seconds), (r) => r.readTime())).toBe(seconds);
        expect(roundTrip(encodeGeneralizedTime(seconds), (r) => r.readGeneralizedTime())).toBe(seconds);
      }),
      { numRuns: 2000 },
    );
  });

  it('bit strings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(7), (bits, unusedBits) => {
        const bytes = bits.with(bits.length - 1, (bits[bits.length - 1]! >> unusedBits) << unusedBits);
        expect(roundTrip(encodeBitString(bytes, unusedBits), (r) => r.readBitString())).toEqual({ unusedBits, bytes });
      }),
    );
  });

  it('strings, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(roundTrip(encodeUtf8String(text), (r) => r.readString())).toBe(text);
      }),
    );
    expect(roundTrip(encodeUtf8String('\ufeffa'), (r) => r.readString())).toBe('\ufeffa');
    const printable = "AZaz09 '()+,-./:=?";
    expect(roundTrip(encodePrintableString(printable), (r) => r.readString())).toBe(printable);
    expect(roundTrip(encodeIa5String('a@b*\0'), (r) => r.readString())).toBe('a@b*\0');
  });

  it('structures, tags and singletons', () => {
    const der = encodeSequence(
      encodeBoolean(true),
      encodeExplicit(3, encodeNull()),
      encodeImplicit(6, Uint8Array.of(1)),
    );
    expect(toHex(der)).toBe('300a0101ffa3020500860101');
    const inner = new DerReader(der).read(Tag.SEQUENCE);
    expect(inner.readBoolean()).toBe(true);
    inner.read(contextTag(3, true)).readNull();
    expect(inner.readContents(contextTag(6))).toEqual(Uint8Array.of(1));
    inner.end();
  });
});

describe('writers', () => {
  it('use UTCTime from 1950 through 2049 only', () => {
    expect([1949, 1950, 2049, 2050].map((year) => encodeTime(Date.UTC(year, 0, 1) / 1000)[0])).toEqual([
      Tag.GENERALIZED_TIME,
      Tag.UTC_TIME,
      Tag.UTC_TIME,
      Tag.GENERALIZED_TIME,
    ]);
    expect(Buffer.from(encodeTime(MAX_TIME).subarray(2)).toString()).toBe('99991231235959Z');
  });

  it('sort a SET OF by encodings, a SET not', () => {
    const parts = [fromHex('020102'), fromHex('0101ff'), fromHex('020101')];
    expect(toHex(encodeSetOf(parts))).toBe('31090101ff020101020102');
    expect(toHex(encodeSet(...parts))).toBe('31090201020101ff020101');
  });

  it('write minimal lengths', () => {
    const lengths = [0, 127, 128, 256, 65_536, 16_777_216, 4_294_967_295].map((n) => toHex(encodeLength(n)));
    expect(lengths).toEqual(['00', '7f', '8180', '820100', '83010000', '8401000000', '84ffffffff']);
  });

  it.each([
    ['a time with fractions', () => encodeTime(0.5)],
    ['a time after 9999', () => encodeTime(MAX_TIME + 1)],
    ['PrintableString with *', () => encodePrintableString('*')],
    ['IA5String with é', () => encodeIa5String('é')],
    ['a lone surrogate', () => encodeUtf8String('\ud800')],
    ['an OID with one arc', () => encodeOid('1')],
    ['an OID that starts with 3', () => encodeOid('3.1')],
    ['an OID with second arc 40 under 1', () => encodeOid('1.40')],
    ['an OID with a leading zero', () => encodeOid('1.02')],
    ['an OID with an arc of 134 bits', () => encodeOid(`2.25.${2n ** 133n}`)],
    ['an OID of 300 octets', () => encodeOid(`2.25${'.16383'.repeat(150)}`)],
    ['set unused bits', () => encodeBitString(Uint8Array.of(1), 1)],
    ['unused bits of nothing', () => encodeBitString(new Uint8Array(0), 1)],
    ['a negative INTEGER', () => encodeSmallInteger(-1)],
    ['a fraction', () => encodeSmallInteger(1.5)],
    ['a negative length', () => encodeLength(-1)],
    ['context tag 31', () => contextTag(31)],
    ['odd hexadecimal', () => fromHex('abc')],
    ['no hexadecimal', () => fromHex('zz')],
  ])('refuse %s as misuse', (_name, write) => {
    expect(write).toThrow(TypeError);
  });

  it('join and compare bytes', () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
    expect(fromHex('00fF')).toEqual(Uint8Array.of(0, 255));
  });

  it('know every OID in a form that encodes', () => {
    for (const dotted of Object.values(Oid)) {
      expect(roundTrip(encodeOid(dotted), (r) => r.readOid())).toBe(dotted);
    }
    expect(new Set(Object.values(Oid)).size).toBe(Object.values(Oid).length);
  });

  it('write what the caller says is an element', () => {
    expect(toHex(encodeElement(0x30, Uint8Array.of(5, 0), Uint8Array.of(5, 0)))).toBe('300405000500');
  });
});
