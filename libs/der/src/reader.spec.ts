import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromHex, toHex } from './bytes.js';
import { DerError, type DerErrorCode } from './error.js';
import { DerReader } from './reader.js';
import { contextTag, Tag } from './tags.js';

function refusal(hex: string, read: (r: DerReader) => unknown): { code: DerErrorCode; offset: number } | 'accepted' {
  try {
    const reader = new DerReader(fromHex(hex));
    read(reader);
    reader.end();
  } catch (error) {
    if (error instanceof DerError) return { code: error.code, offset: error.offset };
    throw error;
  }
  return 'accepted';
}

function element(reader: DerReader): unknown {
  return reader.readElement();
}

function readTime(tag: string, text: string): number {
  const length = text.length.toString(16).padStart(2, '0');
  return new DerReader(fromHex(tag + length + Buffer.from(text).toString('hex'))).readTime();
}

describe('DerReader refuses what is not DER', () => {
  const cases: readonly [string, string, (r: DerReader) => unknown, DerErrorCode][] = [
    ['nothing', '', element, 'DER_TRUNCATED'],
    ['a lone identifier octet', '30', element, 'DER_TRUNCATED'],
    ['contents cut short', '0403aabb', element, 'DER_TRUNCATED'],
    ['length octets cut short', '048201', element, 'DER_TRUNCATED'],
    ['a length of 4 GiB', '0484ffffffff', element, 'DER_TRUNCATED'],
    ['indefinite length', '30800201010000', element, 'DER_BAD_LENGTH'],
    ['reserved length octet ff', '04ff', element, 'DER_BAD_LENGTH'],
    ['long form for a short length', '048101aa', element, 'DER_BAD_LENGTH'],
    ['leading zero in the length', `04820080${'00'.repeat(128)}`, element, 'DER_BAD_LENGTH'],
    ['a five octet length', '04850000000001aa', element, 'DER_BAD_LENGTH'],
    ['a high tag number', '1f810100', element, 'DER_HIGH_TAG'],
    ['another tag', '020105', (r) => r.readOid(), 'DER_UNEXPECTED_TAG'],
    ['data after the end', '050000', (r) => r.readNull(), 'DER_TRAILING_DATA'],
    ['BOOLEAN 01', '010101', (r) => r.readBoolean(), 'DER_BAD_BOOLEAN'],
    ['BOOLEAN of two octets', '0102ffff', (r) => r.readBoolean(), 'DER_BAD_BOOLEAN'],
    ['empty BOOLEAN', '0100', (r) => r.readBoolean(), 'DER_BAD_BOOLEAN'],
    ['empty INTEGER', '0200', (r) => r.readInteger(), 'DER_BAD_INTEGER'],
    ['INTEGER padded with 00', '0202007f', (r) => r.readInteger(), 'DER_BAD_INTEGER'],
    ['INTEGER padded with ff', '0202ff80', (r) => r.readInteger(), 'DER_BAD_INTEGER'],
    ['a negative small INTEGER', '0201ff', (r) => r.readSmallInteger(), 'DER_INTEGER_RANGE'],
    ['a small INTEGER of 2^31', '02050080000000', (r) => r.readSmallInteger(), 'DER_INTEGER_RANGE'],
    ['NULL with contents', '050100', (r) => r.readNull(), 'DER_BAD_NULL'],
    ['BIT STRING without its count', '0300', (r) => r.readBitString(), 'DER_BAD_BIT_STRING'],
    ['BIT STRING with 8 unused bits', '030208ff', (r) => r.readBitString(), 'DER_BAD_BIT_STRING'],
    ['empty BIT STRING with unused bits', '030101', (r) => r.readBitString(), 'DER_BAD_BIT_STRING'],
    ['BIT STRING with an unused bit set', '03020101', (r) => r.readBitString(), 'DER_BAD_BIT_STRING'],
    ['empty OID', '0600', (r) => r.readOid(), 'DER_BAD_OID'],
    ['OID cut inside an arc', '06022a86', (r) => r.readOid(), 'DER_BAD_OID'],
    ['OID arc padded with 80', '06032a8001', (r) => r.readOid(), 'DER_BAD_OID'],
    ['OID with an arc of 20 octets', `06152a${'ff'.repeat(19)}7f`, (r) => r.readOid(), 'DER_BAD_OID'],
    ['OID of 257 octets', `06820101${'01'.repeat(257)}`, (r) => r.readOid(), 'DER_BAD_OID'],
    [
      'UTCTime without seconds',
      `170b${Buffer.from('2601010000Z').toString('hex')}`,
      (r) => r.readTime(),
      'DER_BAD_TIME',
    ],
    [
      'UTCTime with an offset',
      `1711${Buffer.from('260101000000+0100').toString('hex')}`,
      (r) => r.readTime(),
      'DER_BAD_TIME',
    ],
    ['30 February', `170d${Buffer.from('240230000000Z').toString('hex')}`, (r) => r.readTime(), 'DER_BAD_TIME'],
    ['a leap second', `170d${Buffer.from('161231235960Z').toString('hex')}`, (r) => r.readTime(), 'DER_BAD_TIME'],
    ['24 hours', `170d${Buffer.from('161231240000Z').toString('hex')}`, (r) => r.readTime(), 'DER_BAD_TIME'],
    [
      'fractions of seconds',
      `1811${Buffer.from('20260101000000.5Z').toString('hex')}`,
      (r) => r.readTime(),
      'DER_BAD_TIME',
    ],
    [
      'a sign instead of a digit',
      `170d${Buffer.from('2601-1000000Z').toString('hex')}`,
      (r) => r.readTime(),
      'DER_BAD_TIME',
    ],
    ['PrintableString with @', '130140', (r) => r.readString(), 'DER_BAD_STRING'],
    ['PrintableString with *', '13012a', (r) => r.readString(), 'DER_BAD_STRING'],
    ['IA5String with the high bit', '1601e9', (r) => r.readString(), 'DER_BAD_STRING'],
    ['overlong UTF-8', '0c02c080', (r) => r.readString(), 'DER_BAD_STRING'],
    ['a surrogate in UTF-8', '0c03eda080', (r) => r.readString(), 'DER_BAD_STRING'],
    ['TeletexString', '140141', (r) => r.readString(), 'DER_UNEXPECTED_TAG'],
  ];

  it.each(cases)('%s', (_name, hex, read, code) => {
    expect(refusal(hex, read)).toMatchObject({ code });
  });

  it('says where: the offset of the element counted from the start of the bytes', () => {
    const offending = refusal('30050500010101', (r) => {
      const inner = r.read(Tag.SEQUENCE);
      inner.readNull();
      return inner.readBoolean();
    });
    expect(offending).toEqual({ code: 'DER_BAD_BOOLEAN', offset: 4 });
  });

  it('keeps an inner element inside its outer one', () => {
    expect(refusal('30030402aabb', (r) => r.read(Tag.SEQUENCE).readOctetString())).toEqual({
      code: 'DER_TRUNCATED',
      offset: 2,
    });
  });

  it('of random bytes throws DerError or reads, never anything else', () => {
    const readers: ((r: DerReader) => unknown)[] = [
      (r) => r.readElement(),
      (r) => r.readInteger(),
      (r) => r.readSmallInteger(),
      (r) => r.readOid(),
      (r) => r.readBoolean(),
      (r) => r.readBitString(),
      (r) => r.readTime(),
      (r) => r.readString(),
      (r) => r.read(r.peekTag()),
    ];
    const tags = [...Object.values(Tag), contextTag(0, true), 0x1f];
    const input = fc.tuple(fc.constantFrom(...tags), fc.uint8Array({ maxLength: 24 }));
    fc.assert(
      fc.property(input, fc.boolean(), fc.nat(readers.length - 1), ([tag, tail], fitted, which) => {
        const bytes = Uint8Array.from(fitted ? [tag, tail.length, ...tail] : [tag, ...tail]);
        // Anything but DerError is thrown on, and fails the property.
        expect(refusal(toHex(bytes), readers[which]!)).toBeDefined();
      }),
      { numRuns: 5000 },
    );
  });
});

describe('DerReader', () => {
  it('refuses a window outside of the bytes as misuse', () => {
    expect(() => new DerReader(new Uint8Array(2), 1, 3)).toThrow(TypeError);
    expect(() => new DerReader(new Uint8Array(2), Number.NaN)).toThrow(TypeError);
  });

  it('returns views, not copies', () => {
    const bytes = fromHex('30040402aabb');
    const contents = new DerReader(bytes).read(Tag.SEQUENCE).readOctetString();
    expect(contents.buffer).toBe(bytes.buffer);
    expect(contents.byteOffset).toBe(4);
  });

  it('leaves an optional element that is absent unread', () => {
    const reader = new DerReader(fromHex('0500'));
    expect(reader.readOptional(contextTag(0, true))).toBeUndefined();
    reader.readNull();
    expect(reader.done).toBe(true);
    expect(reader.peekTag()).toBe(-1);
    expect(reader.readOptional(Tag.NULL)).toBeUndefined();
  });

  it('reads GeneralizedTime before 2050, and UTCTime 50 to 99 as 19YY', () => {
    expect(readTime('18', '20020101120000Z')).toBe(Date.UTC(2002, 0, 1, 12) / 1000);
    expect(readTime('17', '500101000000Z')).toBe(Date.UTC(1950, 0, 1) / 1000);
    expect(readTime('17', '491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
    expect(readTime('18', '99991231235959Z')).toBe(253_402_300_799);
  });

  it('reads OIDs as openssl does', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'der-')), 'oid.der');
    for (const dotted of ['2.5.4.3', '0.9.2342.19200300.100.1.25', '2.999.1', '1.2.840.113549.1.1.11', '2.100.3']) {
      execFileSync('openssl', ['asn1parse', '-genstr', `OID:${dotted}`, '-noout', '-out', file]);
      expect(new DerReader(readFileSync(file)).readOid()).toBe(dotted);
    }
  });
});
