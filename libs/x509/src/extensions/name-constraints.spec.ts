import {
  encodeExplicit,
  encodeImplicit,
  encodeSequence,
  encodeSmallInteger,
  fromHex,
  Oid,
  toHex,
} from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { hostileVariants, OpensslFolder, TestCa } from '@touchmark/testkit';

import { X509Error } from '../error.js';
import { encodeExtension } from '../extension.js';
import { encodeName } from '../name.js';
import { encodeGeneralName, type EncodableName } from './general-name.js';
import { encodeNameConstraints, parseNameConstraints } from './name-constraints.js';

const BASES: EncodableName[] = [
  { kind: 'dNSName', value: '' },
  { kind: 'dNSName', value: 'a.example' },
  { kind: 'rfc822Name', value: '.b.example' },
  { kind: 'uniformResourceIdentifier', value: 'devices.local' },
  { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 0) },
  { kind: 'iPAddress', value: new Uint8Array(32) },
  { kind: 'directoryName', value: encodeName([{ type: Oid.organizationName, value: 'x' }]) },
  { kind: 'otherName', typeId: '1.2.3.4', value: Uint8Array.of(5, 0) },
];

const dns = encodeGeneralName({ kind: 'dNSName', value: 'a.example' });
const permitting = (...subtree: Uint8Array[]): Uint8Array =>
  encodeSequence(encodeExplicit(0, encodeSequence(...subtree)));
const range = (...octets: number[]): Uint8Array =>
  permitting(encodeGeneralName({ kind: 'iPAddress', value: Uint8Array.from(octets) }));

describe('nameConstraints', () => {
  it('read back what was written, permitted, excluded or both', () => {
    for (const constraints of [
      { permitted: BASES },
      { excluded: BASES },
      { permitted: BASES, excluded: BASES.slice(2) },
    ]) {
      const read = parseNameConstraints(encodeNameConstraints(constraints));
      expect(JSON.stringify(read)).toBe(JSON.stringify({ permitted: [], excluded: [], ...constraints }));
    }
    expect(toHex(encodeNameConstraints({ excluded: [{ kind: 'dNSName', value: 'a' }] }))).toBe('3007a1053003820161');
  });

  it('are what openssl reads', () => {
    const value = encodeNameConstraints({ permitted: BASES.slice(1, 5), excluded: BASES.slice(5, 7) });
    const ca = TestCa.root({ extraExtensions: [encodeExtension(Oid.nameConstraints, true, value)] });
    using folder = new OpensslFolder();
    folder.write('ca.der', ca.der);
    const text = folder.run('x509', '-in', 'ca.der', '-noout', '-text').replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'Name Constraints: critical Permitted: DNS:a.example email:.b.example URI:devices.local IP:192.0.2.0/255.255.255.0 ' +
        'Excluded: IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0 DirName:O = x',
    );
  });

  it.each<[string, Uint8Array]>([
    ['no list', encodeSequence()],
    ['an empty list', fromHex('3002a000')],
    ['a list beside an empty one', fromHex('3009a1053003820161a000')],
    ['lists in the wrong order', fromHex('300ea1053003820161a0053003820161')],
    ['a subtree without a base', permitting()],
    ['a minimum', permitting(dns, encodeImplicit(0, Uint8Array.of(1)))],
    ['the minimum 0 spelled out', permitting(dns, encodeImplicit(0, Uint8Array.of(0)))],
    ['a maximum', permitting(dns, encodeImplicit(1, Uint8Array.of(1)))],
    ['a mask too few', range(192, 0, 2, 1)],
    ['an IPv6 address without a mask', range(...new Uint8Array(16))],
    ['five octets more', range(192, 0, 2, 0, 255, 255, 255, 0, 0)],
    ['a mask with a hole', range(192, 0, 2, 0, 255, 0, 255, 0)],
    ['a mask with a hole in an octet', range(192, 0, 2, 0, 255, 255, 253, 0)],
    ['something behind the end', encodeSequence(encodeExplicit(0, encodeSequence(dns)), encodeSmallInteger(1))],
  ])('refuse %s', (_name, value) => {
    expect(() => parseNameConstraints(value)).toThrow(
      expect.objectContaining({ code: 'EXTENSION_MALFORMED', oid: Oid.nameConstraints }),
    );
  });

  it('of nothing are not written', () => {
    expect(() => encodeNameConstraints({})).toThrow(TypeError);
  });

  it('refuse hostile variants with nothing but X509Error', () => {
    const variants = hostileVariants(encodeNameConstraints({ permitted: BASES, excluded: BASES }), 5);
    let refused = 0;
    for (let i = 0; i < 1500; i++) {
      try {
        parseNameConstraints(variants.next().value);
      } catch (error) {
        if (!(error instanceof X509Error)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
