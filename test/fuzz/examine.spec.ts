import { DerReader, Tag } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { examine, Finding } from './examine.js';
import type { Reader } from './readers.js';

const INPUT = Uint8Array.of(0x30, 3, 2, 1, 5);

function reader(read: (bytes: Uint8Array) => unknown): Reader {
  return { name: 'faulty', read, refuses: (error) => error instanceof RangeError };
}

describe('examine', () => {
  it('says what a sound reader did', () => {
    expect(
      examine(
        reader((bytes) => new DerReader(bytes).readContents(Tag.SEQUENCE)),
        INPUT,
      ),
    ).toBe(true);
    const refuse = reader(() => {
      throw new RangeError('no');
    });
    expect(examine(refuse, INPUT)).toBe(false);
  });

  it.each<[string, (bytes: Uint8Array) => unknown]>([
    ['throws another error', () => new DerReader(new Uint8Array(0)).readNull()],
    ['reads behind its input', (bytes) => new Uint8Array(bytes.buffer)[bytes.byteOffset + bytes.length]],
    ['answers octets of a neighbour', (bytes) => [new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length + 1)]],
    ['writes to its input', (bytes) => bytes.fill(0)],
    ['writes beside its input', (bytes) => void new Uint8Array(bytes.buffer).fill(1, 0, 1)],
    [
      'walks in circles',
      (bytes) => {
        for (let i = 0; i < 1000; i++) new DerReader(bytes).skip();
      },
    ],
  ])('finds a reader that %s', (_name, read) => {
    expect(() => examine(reader(read), INPUT)).toThrow(Finding);
  });
});
