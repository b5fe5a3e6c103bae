import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.js';

/** The lines of a text that arrives in pieces of `size` octets. */
function split(text: string, size = 1_000, limit = 8): [number, string][] {
  const octets = Buffer.from(text);
  const splitter = new LineSplitter(limit);
  const lines: [number, string][] = [];
  const take = (found: Iterable<{ line: number; text: Uint8Array }>): void => {
    for (const { line, text: cut } of found) lines.push([line, Buffer.from(cut).toString()]);
  };
  for (let at = 0; at < octets.length; at += size) take(splitter.push(octets.subarray(at, at + size)));
  take(splitter.end());
  return lines;
}

describe('LineSplitter', () => {
  it.each([1, 2, 3, 1_000])('finds the same lines in pieces of %d octets', (size) => {
    expect(split('one\ntwo\r\n\nfour\nfive', size)).toEqual([
      [1, 'one'],
      [2, 'two'],
      [4, 'four'],
      [5, 'five'],
    ]);
  });

  it.each([1, 1_000])('takes a line of just the limit, in pieces of %d octets', (size) => {
    expect(split('12345678\n12345678\r\n', size)).toHaveLength(2);
  });

  it.each([1, 1_000])('refuses a longer line, in pieces of %d octets', (size) => {
    expect(() => split('1\n1234567890\n', size)).toThrow(expect.objectContaining({ code: 'LINE_TOO_LONG' }));
  });

  it('refuses a line that never ends before it holds much more than the limit', () => {
    const splitter = new LineSplitter(8);
    const push = (): unknown[] => [...splitter.push(Buffer.from('1234'))];
    push();
    push();
    expect(push).toThrow(expect.objectContaining({ code: 'LINE_TOO_LONG' }));
  });

  it('yields the lines before the one that is too long', () => {
    const found: number[] = [];
    const read = (): void => {
      for (const { line } of new LineSplitter(8).push(Buffer.from('1\n2\n1234567890'))) found.push(line);
    };
    expect(read).toThrow();
    expect(found).toEqual([1, 2]);
  });
});
