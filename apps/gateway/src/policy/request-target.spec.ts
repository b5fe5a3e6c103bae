import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestTarget } from './request-target.js';

describe('parseRequestTarget', () => {
  it.each([
    ['/', [''], '/'],
    ['/a', ['a'], '/a'],
    ['/a/', ['a', ''], '/a/'],
    ['/a/b?x=1&y=%2F..%2f#'.slice(0, -1), ['a', 'b'], '/a/b?x=1&y=%2F..%2f'],
    ['/a?', ['a'], '/a?'],
    ['/%61%2dB', ['a-B'], '/a-B'],
    ['/a%20b', ['a b'], '/a%20b'],
    ['/%c3%a9', ['é'], '/%C3%A9'],
    ['/a:b@c,d=e+f&g$h', ['a:b@c,d=e+f&g$h'], '/a:b@c,d=e+f&g$h'],
    ['/a%3ab', ['a:b'], '/a:b'],
    ['/...', ['...'], '/...'],
  ])('%s is read in one way', (target, segments, canonical) => {
    expect(parseRequestTarget(target)).toEqual({ segments, canonical });
  });

  it.each([
    '',
    'a',
    '*',
    '//',
    '//a',
    '/a//b',
    '/a//',
    '/.',
    '/..',
    '/a/./b',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/%2e',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a;b',
    '/a;jsessionid=1/b',
    '/a%3bb',
    '/a%00b',
    '/a%0d%0ab',
    '/a%7f',
    '/a%c2%85b',
    '/a\u0000b',
    '/a\tb',
    '/a b',
    '/a#b',
    '/a%23b',
    '/a%3fb',
    '/a%252e',
    '/a%25',
    '/a%',
    '/a%1',
    '/a%zz',
    '/%c0%af',
    '/%c0%ae%c0%ae/',
    '/%e0%80%af',
    '/%ed%a0%80',
    '/%ff',
    '/é',
    '/a"b',
    '/a<b',
    '/a[b]',
    '/a{b}',
    '/a^b',
    '/a|b',
    '/a`b',
    '/a?b#c',
    '/a?b\r\nc',
    '/a?b c',
    'http://other/a',
    'https://other/a',
    '/http://a',
    `/${'a'.repeat(8_192)}`,
  ])('%j might be read in two ways', (target) => {
    expect(parseRequestTarget(target)).toBeUndefined();
  });

  it('gives what it reads the same again, whatever came', () => {
    const pieces = constantFrom('/', '.', '..', '%2e', '%2f', '%5C', '%', '%c3%a9', 'a', ';', '?', '\\', ' ', '%41');
    assert(
      property(array(pieces), (parts) => {
        const first = parseRequestTarget(`/${parts.join('')}`);
        if (first === undefined) return;
        expect(parseRequestTarget(first.canonical)).toEqual(first);
        const [path = ''] = first.canonical.split('?');
        // neither a URL parser nor a decoder sees another path in it
        expect(new URL(path, 'http://upstream').pathname).toBe(path);
        expect(path.slice(1).split('/').map(decodeURIComponent)).toEqual(first.segments);
      }),
    );
  });
});
