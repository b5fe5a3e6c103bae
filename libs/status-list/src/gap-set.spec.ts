import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GapCost, readGapSet, writeGapSet } from './gap-set.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter } from './octet-writer.js';
import { LIST_SIZE } from './seat.js';

function write(indexes: readonly number[]): Uint8Array {
  const writer = new OctetWriter();
  writeGapSet(writer, indexes, costOf(indexes));
  return writer.toBytes();
}

function costOf(indexes: readonly number[]): GapCost {
  const cost = new GapCost();
  for (const index of indexes) cost.add(index);
  return cost;
}

function read(hex: string, size: number): number[] {
  const reader = new OctetReader(Buffer.from(hex, 'hex'));
  const { indexes } = readGapSet(reader, size);
  reader.end();
  return [...indexes];
}

/** The definition, literally: every gap as a text of ones and zeros. */
function bitsOf(indexes: readonly number[], parameter: number): string {
  const gaps = indexes.map((index, i) => index - (i === 0 ? 0 : (indexes[i - 1] ?? 0) + 1));
  return gaps
    .map((gap) => {
      const low = parameter === 0 ? '' : (gap % 2 ** parameter).toString(2).padStart(parameter, '0');
      return `${'1'.repeat(Math.floor(gap / 2 ** parameter))}0${low}`;
    })
    .join('');
}

const someIndexes = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: LIST_SIZE - 1 })), {
    maxLength: 100,
  })
  .map((indexes) => indexes.toSorted((a, b) => a - b));

describe('writeGapSet', () => {
  it('any set: the bits of the definition, with the first of the parameters that need the fewest', () => {
    fc.assert(
      fc.property(someIndexes, (indexes) => {
        fc.pre(indexes.length > 0);
        const lengths = Array.from({ length: 21 }, (_, k) => bitsOf(indexes, k).length);
        const parameter = lengths.indexOf(Math.min(...lengths));
        const bits = bitsOf(indexes, parameter);
        const octets = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
        const bytes = write(indexes);
        expect([...bytes]).toEqual([
          0,
          0,
          indexes.length,
          parameter,
          ...octets.map((octet) => Number.parseInt(octet, 2)),
        ]);
        expect(bytes.length).toBe(costOf(indexes).octets);
      }),
    );
  });

  it('any set: read back as written', () => {
    fc.assert(
      fc.property(someIndexes, (indexes) => {
        expect([...readGapSet(new OctetReader(write(indexes)), LIST_SIZE).indexes]).toEqual(indexes);
      }),
    );
  });
});

describe('readGapSet', () => {
  it.each([
    { name: 'nothing', hex: '', code: 'TRUNCATED' },
    { name: 'count alone', hex: '000001', code: 'TRUNCATED' },
    { name: 'no gaps', hex: '00000100', code: 'TRUNCATED' },
    { name: 'gap cut off in its ones', hex: '00000100ff', code: 'TRUNCATED' },
    { name: 'count of a million without gaps', hex: '0f424000', size: LIST_SIZE, code: 'TRUNCATED' },
    { name: 'count beyond the seats', hex: '00006500', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'parameter 20', hex: '0000011400', code: 'VALUE_OUT_OF_RANGE' },
    { name: 'index just beyond the last seat', hex: '00000106a3', size: 99, code: 'VALUE_OUT_OF_RANGE' },
    { name: 'ones without end', hex: `00000100${'ff'.repeat(100)}`, code: 'VALUE_OUT_OF_RANGE' },
    { name: 'a parameter that is not the best', hex: '0000010200', code: 'NOT_CANONICAL' },
    { name: 'a one in the padding', hex: '0000010001', code: 'NOT_CANONICAL' },
    { name: 'an octet too many', hex: '000001000000', code: 'TRAILING_DATA' },
  ])('$name: $code', ({ hex, code, size = 100 }) => {
    expect(() => read(hex, size)).toThrow(expect.objectContaining({ code }));
  });

  it('the empty set and the set of seat zero: three octets, five octets', () => {
    expect(read('000000', 0)).toEqual([]);
    expect(read('0000010000', 1)).toEqual([0]);
  });
});
