import { describe, expect, it } from 'vitest';
import { formatDuration, formatFields, formatTable, formatTime, formatValue, printable } from './format.js';

describe('text for people', () => {
  it('sets a table in columns, without lines, colours and blanks at the ends', () => {
    const columns = [
      { head: 'name', value: (item: { name: string }) => item.name },
      { head: 'length', value: (item: { name: string }) => String(item.name.length) },
    ];
    expect(formatTable([{ name: 'a' }, { name: 'longer' }], columns)).toBe('NAME    LENGTH\na       1\nlonger  6');
  });

  it('sets names and values under each other', () => {
    expect(
      formatFields([
        ['a', '1'],
        ['long', ''],
      ]),
    ).toBe('a     1\nlong');
  });

  it('writes times in UTC, and the one that never comes as such', () => {
    expect(formatTime(0)).toBe('1970-01-01 00:00:00Z');
    expect(formatTime(253_402_300_799)).toBe('never');
    expect(formatTime(null)).toBe('–');
  });

  it.each([
    [0.4, '0 s'],
    [75, '1 min 15 s'],
    [7260, '2 h 1 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('writes values of every kind', () => {
    expect([null, true, 3, 'x', ['a', 1], [], { a: 1 }].map(formatValue)).toEqual([
      '–',
      'true',
      '3',
      'x',
      'a, 1',
      '–',
      '{"a":1}',
    ]);
  });

  it('lets nothing through that moves a cursor or turns text around', () => {
    expect(printable('a\u001B[31mb\rc\u202Ed\ne')).toBe('a\\u{1b}[31mb\\u{d}c\\u{202e}d\ne');
  });
});
