import type { GeneralName } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { matchesServerName } from './server-name.js';

const dns = (value: string): GeneralName => ({ kind: 'dNSName', value });
const ip = (...octets: number[]): GeneralName => ({ kind: 'iPAddress', value: Uint8Array.from(octets) });

describe('matchesServerName (RFC 9525)', () => {
  it.each<[string, GeneralName, string]>([
    ['the same name', dns('gw.example.com'), 'gw.example.com'],
    ['another case', dns('GW.example.com'), 'gw.EXAMPLE.com'],
    ['the root’s dot', dns('gw.example.com'), 'gw.example.com.'],
    ['one label', dns('localhost'), 'localhost'],
    ['a wildcard for one label', dns('*.example.com'), 'gw.example.com'],
    ['an A-label', dns('xn--mnchen-3ya.example'), 'xn--mnchen-3ya.example'],
    ['an IPv4 address', ip(192, 0, 2, 1), '192.0.2.1'],
    ['an IPv6 address', ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '2001:db8::1'],
    ['an IPv6 address as it stands in URLs', ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '[::1]'],
    [
      'an IPv6 address with an IPv4 tail',
      ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1),
      '::ffff:192.0.2.1',
    ],
    ['an IPv6 address in full', ip(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8), '1:2:3:4:5:6:7:8'],
  ])('%s matches', (_name, name, asked) => {
    expect(matchesServerName([dns('other.example'), name], asked)).toBe(true);
  });

  it.each<[string, GeneralName, string]>([
    ['another name', dns('gw.example.com'), 'gw2.example.com'],
    ['a wildcard for no label', dns('*.example.com'), 'example.com'],
    ['a wildcard for an empty label', dns('*.example.com'), '.example.com'],
    ['a wildcard for two labels', dns('*.example.com'), 'a.b.example.com'],
    ['a wildcard in a label', dns('g*.example.com'), 'gw.example.com'],
    ['a wildcard further in', dns('gw.*.com'), 'gw.example.com'],
    ['a wildcard for a top level', dns('*.com'), 'example.com'],
    ['two wildcards', dns('*.*.example.com'), 'a.b.example.com'],
    ['a bare wildcard', dns('*'), 'localhost'],
    ['a wildcard that is asked for', dns('*.example.com'), '*.example.com'],
    ['a name with a NUL', dns('gw.example.com\0.evil'), 'gw.example.com'],
    ['an empty name', dns(''), ''],
    ['a name that is not ASCII', dns('münchen.example'), 'münchen.example'],
    ['an address as a DNS name', dns('192.0.2.1'), '192.0.2.1'],
    ['an address with the root’s dot as a DNS name', dns('192.0.2.1'), '192.0.2.1.'],
    ['an address in other digits as a DNS name', dns('0x7f.1'), '0x7f.1'],
    ['an address as one number, as a DNS name', dns('2130706433'), '2130706433'],
    ['an address in brackets that needs none', ip(192, 0, 2, 1), '[192.0.2.1]'],
    ['an IPv4 address inside of an IPv6 one', ip(192, 0, 2, 1), '::ffff:192.0.2.1'],
    ['a certificate’s name with the root’s dot', dns('gw.example.com.'), 'gw.example.com'],
    ['a wildcard in an A-label', dns('xn--*-1b3c148a.example.com'), 'xn--bliss-1b3c148a.example.com'],
    ['a letter whose lower case is ASCII', dns('k.example'), '\u212a.example'],
    ['a mailbox', { kind: 'rfc822Name', value: 'gw.example.com' }, 'gw.example.com'],
    ['another address', ip(192, 0, 2, 1), '192.0.2.2'],
    ['an address by a name', ip(192, 0, 2, 1), 'gw.example.com'],
    ['an address with a zone', ip(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 'fe80::1%eth0'],
    ['a URI', { kind: 'uniformResourceIdentifier', value: 'https://gw.example.com' }, 'gw.example.com'],
    ['an address in other digits', ip(127, 0, 0, 1), '0x7f.1'],
  ])('%s does not', (_name, name, asked) => {
    expect(matchesServerName([name], asked)).toBe(false);
  });
});
