import {
  concatBytes,
  encodeBoolean,
  encodeInteger,
  encodeNull,
  encodeSequence,
  encodeTime,
  fromHex,
  Oid,
  toHex,
} from '@touchmark/der';
import { hostileVariants, seededRandom, TEST_NOW } from '@touchmark/testkit';
import { encodeExtension, encodeReasonCode, parseRevokedCertificate, X509Error } from '@touchmark/x509';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EntryIndex } from './entry-index.js';
import { hashSerial } from './serial-hash.js';

const seed = [1, 2] as const;

function entry(serialNumber: Uint8Array, ...rest: Uint8Array[]): Uint8Array {
  return encodeSequence(encodeInteger(serialNumber), encodeTime(TEST_NOW), ...rest);
}

function indexOf(entries: readonly Uint8Array[], version: 1 | 2 = 2): EntryIndex {
  return new EntryIndex(concatBytes(...entries), { version, indirect: false, seed });
}

function codeOf(entries: readonly Uint8Array[], version: 1 | 2 = 2): string {
  try {
    indexOf(entries, version);
  } catch (error) {
    if (error instanceof X509Error) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('hashSerial', () => {
  it('is HalfSipHash-1-3: the test vectors of the Linux kernel', () => {
    const input = Uint8Array.from({ length: 64 }, (_, i) => i);
    const hashes = [0, 1, 2, 3, 4, 5, 15, 16, 20].map((end) => hashSerial(input, 0, end, [0x03020100, 0x07060504]));
    expect(hashes).toEqual([
      0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xd0257b04, 0x8b31d501, 0x911bb605,
    ]);
  });
});

describe('EntryIndex', () => {
  it('finds each entry and no other', () => {
    const serialNumbers = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 20 }), {
      maxLength: 60,
      selector: (magnitude) => BigInt(`0x${Buffer.from(magnitude).toString('hex')}`),
    });
    fc.assert(
      fc.property(serialNumbers, fc.uint8Array({ minLength: 1, maxLength: 20 }), (magnitudes, absent) => {
        const entries = magnitudes.map((magnitude) => entry(magnitude));
        const index = indexOf(entries);
        for (const [i, magnitude] of magnitudes.entries()) {
          const found = [...index.find(encodeInteger(magnitude).subarray(2))];
          expect(found.map(({ element }) => toHex(element))).toEqual([toHex(entries[i] ?? new Uint8Array())]);
        }
        const known = entries.some((der) => Buffer.compare(der, entry(absent)) === 0);
        expect([...index.find(encodeInteger(absent).subarray(2))]).toHaveLength(known ? 1 : 0);
        expect(index.size).toBe(entries.length);
      }),
      { numRuns: 50 },
    );
  });

  it('finds negative serial numbers and very long ones', () => {
    const negative = encodeSequence(fromHex('0201ff'), encodeTime(TEST_NOW));
    const long = entry(new Uint8Array(300).fill(0x11));
    const index = indexOf([negative, entry(Uint8Array.of(0xff)), long]);
    expect([...index.find(fromHex('ff'))][0]?.element).toEqual(negative);
    expect([...index.find(fromHex('00ff'))][0]?.element).toEqual(entry(Uint8Array.of(0xff)));
    expect([...index.find(new Uint8Array(300).fill(0x11))][0]?.element).toEqual(long);
  });

  const serialNumber = Uint8Array.of(1);
  const reason = encodeExtension(Oid.reasonCode, false, encodeReasonCode('superseded'));
  const spelledOut = encodeSequence(encodeSequence(fromHex('06022a03'), encodeBoolean(false), fromHex('04020500')));
  const cases: readonly [string, Uint8Array, string][] = [
    ['a reason', entry(serialNumber, encodeSequence(reason)), 'accepted'],
    [
      'a critical reason',
      entry(serialNumber, encodeSequence(encodeExtension(Oid.reasonCode, true, encodeReasonCode('superseded')))),
      'accepted',
    ],
    [
      'an unknown extension',
      entry(serialNumber, encodeSequence(encodeExtension('1.2.3', false, encodeNull()))),
      'accepted',
    ],
    [
      'an unknown critical extension',
      entry(serialNumber, encodeSequence(reason, encodeExtension('1.2.3', true, encodeNull()))),
      'EXTENSION_CRITICAL_UNKNOWN',
    ],
    ['criticality FALSE spelled out, which is for who reads that entry', entry(serialNumber, spelledOut), 'accepted'],
    ['an empty SEQUENCE of extensions', entry(serialNumber, encodeSequence()), 'CERTIFICATE_LIST_MALFORMED'],
    [
      'something behind the extensions',
      entry(serialNumber, encodeSequence(reason), encodeNull()),
      'CERTIFICATE_LIST_MALFORMED',
    ],
    [
      'a serial number with a zero too many',
      encodeSequence(fromHex('02020001'), encodeTime(TEST_NOW)),
      'CERTIFICATE_LIST_MALFORMED',
    ],
    [
      'a serial number with an FF too many',
      encodeSequence(fromHex('0202ffff'), encodeTime(TEST_NOW)),
      'CERTIFICATE_LIST_MALFORMED',
    ],
    ['an empty serial number', encodeSequence(fromHex('0200'), encodeTime(TEST_NOW)), 'CERTIFICATE_LIST_MALFORMED'],
    ['no date', encodeSequence(fromHex('020101')), 'CERTIFICATE_LIST_MALFORMED'],
    [
      'a length in more octets than it needs',
      fromHex('308112020101170d3236303730313030303030305a'),
      'CERTIFICATE_LIST_MALFORMED',
    ],
    ['half an entry', entry(serialNumber).subarray(0, 9), 'CERTIFICATE_LIST_MALFORMED'],
  ];

  it.each(cases)('with %s', (_name, der, code) => {
    expect(codeOf([entry(Uint8Array.of(7)), der])).toBe(code);
  });

  it('refuses a serial number that is listed twice, and extensions in v1', () => {
    expect(codeOf([entry(serialNumber), entry(Uint8Array.of(2)), entry(serialNumber)])).toBe(
      'CERTIFICATE_LIST_MALFORMED',
    );
    expect(codeOf([entry(serialNumber, encodeSequence(reason))], 1)).toBe('CERTIFICATE_LIST_MALFORMED');
    expect(codeOf([entry(serialNumber)], 1)).toBe('accepted');
  });

  it('accepts of hostile entries no less than their reader does, and throws nothing but X509Error', () => {
    const der = entry(Uint8Array.of(1, 2, 3), encodeSequence(reason));
    const variants = hostileVariants(der, 17);
    let both = 0;
    for (let i = 0; i < 2000; i++) {
      const { value: variant } = variants.next();
      const code = codeOf([variant]);
      if (!readable(variant)) continue;
      expect(code).toBe('accepted');
      both++;
    }
    expect(both).toBeGreaterThan(20);
  });

  it('holds 8 octets an entry, and finds its way among 20,000', () => {
    const random = seededRandom(3);
    const serials = Array.from({ length: 20_000 }, (_, i) =>
      Uint8Array.of(0x54, i >> 16, (i >> 8) & 0xff, i & 0xff, Math.floor(random() * 256)),
    );
    const index = indexOf(serials.map((magnitude) => entry(magnitude)));
    expect(index.octets).toBeLessThanOrEqual(20_000 * 8 + 4);
    for (const magnitude of serials.filter((_, i) => i % 97 === 0)) {
      expect([...index.find(magnitude)]).toHaveLength(1);
      expect([...index.find(magnitude.subarray(0, 4))]).toHaveLength(0);
    }
  });
});

function readable(element: Uint8Array): boolean {
  try {
    parseRevokedCertificate(element, 2);
    return element.length === (element[1] ?? 0) + 2;
  } catch (error) {
    if (error instanceof X509Error) return false;
    throw error;
  }
}
