import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence, Oid } from '@touchmark/der';
import { generateTestKey, type TestCertificateOptions, type TestKey } from '@touchmark/testkit';
import { encodeExtension, keyIdentifier, parseSubjectPublicKeyInfo } from '@touchmark/x509';

import { authorityKeyIdentifier, extKeyUsage, nameConstraints } from './extensions.js';
import { type Material, type OwnCase, accepted, refused } from './own-case.js';
import { dn, dns, ica, ip, leaf, leafDer, root } from './pki.js';

const PROFILE = 'PROFILE_VIOLATED';
const PRECERTIFICATE_SIGNING = '1.3.6.1.4.1.11129.2.4.4';

function oddLeaf(options: TestCertificateOptions, more: Partial<Material> = {}): Material {
  const anchor = root();
  return { anchors: [anchor], leaf: leafDer(anchor, options), ...more };
}

function oddRoot(options: TestCertificateOptions, ofLeaf: TestCertificateOptions = {}): Material {
  const anchor = root(options);
  return { anchors: [anchor], leaf: leafDer(anchor, ofLeaf) };
}

/** The names of the end entity, and the one that is asked for. */
function named(presented: readonly string[], server: string): Material {
  return oddLeaf({ subjectAltName: presented.map(dns) }, { server });
}

function withCommonName(subject: string, ...names: Parameters<typeof ip>[]): (server: string) => Material {
  return (server) => oddLeaf({ subject, subjectAltName: names.map((octets) => ip(...octets)) }, { server });
}

/** A root with an authorityKeyIdentifier of these parts and its own key identifier, or another one. */
function rootAki(
  parts: Omit<Parameters<typeof authorityKeyIdentifier>[0], 'keyIdentifier'>,
  whose: 'own' | 'foreign' | 'none' = 'own',
): Material {
  const key = generateTestKey();
  const other = whose === 'own' ? key : generateTestKey();
  const identifier = keyIdentifier(parseSubjectPublicKeyInfo(other.subjectPublicKeyInfo));
  const extension = authorityKeyIdentifier(whose === 'none' ? parts : { ...parts, keyIdentifier: identifier });
  return oddRoot({ key, extraExtensions: [extension] });
}

function purposes(...oids: string[]): Material {
  return oddLeaf({ extKeyUsage: oids }, { extKeyUsage: ['serverAuth'] });
}

/** Key identifiers cannot be derived from a key that our reader does not take. */
const UNREADABLE = { subjectKeyIdentifier: Uint8Array.of(1, 2, 3, 4) };
const BY_UNREADABLE = { authorityKeyIdentifier: UNREADABLE.subjectKeyIdentifier };

function keyOf(
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  kind: TestKey['kind'],
): TestKey {
  return { kind, privateKey, subjectPublicKeyInfo: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })) };
}

const p192 = (): TestKey => keyOf(generateKeyPairSync('ec', { namedCurve: 'prime192v1' }), 'EC P-256');
const rsa = (modulusLength: number): TestKey => keyOf(generateKeyPairSync('rsa', { modulusLength }), 'RSA');

/** A DSA key by its algorithm alone: nothing is signed with it, and no reader gets as far as its numbers. */
function dsa(): TestKey {
  const one = encodeInteger(Uint8Array.of(1));
  const algorithm = encodeSequence(encodeOid('1.2.840.10040.4.1'), encodeSequence(one, one, one));
  return { ...generateTestKey(), subjectPublicKeyInfo: encodeSequence(algorithm, encodeBitString(one)) };
}

function emptyConstraints(subtrees: Parameters<typeof nameConstraints>[0]): Material {
  const anchor = root();
  const issuer = ica(anchor, { extraExtensions: [nameConstraints(subtrees)] });
  return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer) };
}

/** x509-limbo's `webpki`, revocation apart: the Baseline Requirements of the CA/Browser Forum, and RFC 9525. */
export const webpkiCases: readonly OwnCase[] = [
  refused('webpki::aki::root-with-aki-missing-keyidentifier', PROFILE, () => rootAki({}, 'none')),
  refused('webpki::aki::root-with-aki-authoritycertissuer', 'CERTIFICATE_MALFORMED', () =>
    rootAki({ issuer: dn('a') }),
  ),
  refused('webpki::aki::root-with-aki-authoritycertserialnumber', 'CERTIFICATE_MALFORMED', () =>
    rootAki({ serialNumber: 12 }),
  ),
  refused('webpki::aki::root-with-aki-all-fields', PROFILE, () => rootAki({ issuer: dn('a'), serialNumber: 12 })),
  refused('webpki::aki::root-with-aki-ski-mismatch', PROFILE, () => rootAki({}, 'foreign')),

  refused('webpki::cn::ipv4-hex-mismatch', PROFILE, () =>
    withCommonName('0xC0A80101', [192, 168, 1, 1])('192.168.1.1'),
  ),
  refused('webpki::cn::ipv4-leading-zeros-mismatch', PROFILE, () =>
    withCommonName('192.168.001.001', [192, 168, 1, 1])('192.168.1.1'),
  ),
  refused('webpki::cn::ipv6-uppercase-mismatch', PROFILE, () =>
    withCommonName('2001:DB8::1', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])('2001:db8::1'),
  ),
  refused('webpki::cn::ipv6-uncompressed-mismatch', PROFILE, () =>
    withCommonName(
      '2001:0db8:0000:0000:0000:0000:0000:0001',
      [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    )('2001:db8::1'),
  ),
  refused('webpki::cn::ipv6-non-rfc5952-mismatch', PROFILE, () =>
    withCommonName(
      '2001:db8:0:0:1:0:0:1',
      [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1],
    )('2001:db8::1:0:0:1'),
  ),
  accepted('webpki::cn::ipv6-by-rfc5952', () =>
    withCommonName('2001:db8::1:0:0:1', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1])('2001:db8::1:0:0:1'),
  ),
  ...(
    [
      ['punycode-not-in-san', 'xn--nxasmq6b.com', ['xn--n3h.com']],
      ['utf8-vs-punycode-mismatch', 'test-測試.com', ['xn--test--wg5h0h.com']],
      ['not-in-san', 'notinsan.example.com', ['valid.example.com', 'another.example.com']],
      ['case-mismatch', 'Example.COM', ['example.com']],
    ] as const
  ).map(([name, subject, names]) =>
    refused(`webpki::cn::${name}`, PROFILE, () =>
      oddLeaf({ subject, subjectAltName: names.map(dns) }, { server: names[0] }),
    ),
  ),

  refused('webpki::eku::ee-anyeku', PROFILE, () => purposes(Oid.serverAuth, Oid.anyExtendedKeyUsage)),
  refused('webpki::eku::ee-critical-eku', PROFILE, () =>
    oddLeaf({ extKeyUsage: null, extraExtensions: [extKeyUsage([Oid.serverAuth], true)] }),
  ),
  refused('webpki::eku::ee-without-eku', PROFILE, () => oddLeaf({ extKeyUsage: null })),
  refused('webpki::eku::root-has-eku', PROFILE, () => oddRoot({ extKeyUsage: [Oid.serverAuth] })),
  refused('webpki::eku::ee-clientauth-only', 'EXT_KEY_USAGE_MISSING', () => purposes(Oid.clientAuth)),
  refused('webpki::eku::ee-precertificate-only', 'EXT_KEY_USAGE_MISSING', () => purposes(PRECERTIFICATE_SIGNING)),
  accepted('webpki::eku::ee-serverauth-with-additional', () => purposes(Oid.serverAuth, Oid.clientAuth)),
  ...(
    [
      ['precertificate', PRECERTIFICATE_SIGNING],
      ['codesigning', Oid.codeSigning],
      ['emailprotection', Oid.emailProtection],
      ['timestamping', Oid.timeStamping],
      ['ocspsigning', Oid.OCSPSigning],
    ] as const
  ).map(([name, oid]) =>
    refused(`webpki::eku::ee-${name}-with-serverauth`, PROFILE, () => purposes(Oid.serverAuth, oid)),
  ),

  refused('webpki::ku::ee-rsa-without-any-usages', 'CERTIFICATE_MALFORMED', () =>
    oddLeaf({
      keyUsage: null,
      extraExtensions: [encodeExtension(Oid.keyUsage, true, Uint8Array.of(3, 1, 0))],
    }),
  ),

  accepted('webpki::nc::permitted-dns-match-noncritical', () =>
    oddRoot({ extraExtensions: [nameConstraints({ permitted: [dns('example.com')] }, false)] }),
  ),
  refused('webpki::nc::intermediate-permitted-excluded-subtrees-both-null', 'CERTIFICATE_MALFORMED', () =>
    emptyConstraints({}),
  ),
  refused('webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences', 'CERTIFICATE_MALFORMED', () =>
    emptyConstraints({ permitted: [], excluded: [] }),
  ),

  accepted('webpki::san::exact-dns-san', () => named(['example.com'], 'example.com')),
  accepted('webpki::san::exact-localhost-ip-san', () =>
    oddLeaf({ subjectAltName: [ip(127, 0, 0, 1)] }, { server: '127.0.0.1' }),
  ),
  accepted('webpki::san::leftmost-wildcard-san', () => named(['*.example.com'], 'foo.example.com')),
  ...(
    [
      ['mismatch-domain-san', 'example.com', 'example2.com', 'NAME_MISMATCH'],
      ['mismatch-subdomain-san', 'abc.example.com', 'def.example.com', PROFILE],
      ['mismatch-subdomain-apex-san', 'example.com', 'abc.example.com', 'NAME_MISMATCH'],
      ['mismatch-apex-subdomain-san', 'abc.example.com', 'example.com', PROFILE],
      ['public-suffix-wildcard-san', '*.com', 'example.com', PROFILE],
      ['public-suffix-multi-label-wildcard-san', '*.co.uk', 'example.co.uk', undefined],
      ['public-suffix-private-namespace-wildcard-san', '*.s3.amazonaws.com', 'example.s3.amazonaws.com', undefined],
      ['wildcard-embedded-leftmost-san', 'ba*.example.com', 'baz.example.com', PROFILE],
      ['wildcard-not-in-leftmost-san', 'foo.*.example.com', 'foo.bar.example.com', PROFILE],
      ['wildcard-match-across-labels-san', '*.example.com', 'foo.bar.example.com', 'NAME_MISMATCH'],
      ['wildcard-embedded-ulabel-san', 'xn--*-1b3c148a.example.com', 'xn--bliss-1b3c148a.example.com', PROFILE],
      ['san-wildcard-only', '*', 'example.com', PROFILE],
      ['san-wildcard-only-tld', '*', 'com', PROFILE],
    ] as const
  ).map(([name, presented, server, code]) => refused(`webpki::san::${name}`, code, () => named([presented], server))),
  refused('webpki::san::unicode-emoji-san', 'CERTIFICATE_MALFORMED', () => {
    const octets = Buffer.from('😜.example.com');
    const value = encodeSequence(Uint8Array.of(0x82, octets.length), octets);
    const extraExtensions = [encodeExtension(Oid.subjectAltName, false, value)];
    return oddLeaf({ subjectAltName: null, extraExtensions }, { server: 'xn--628h.example.com' });
  }),
  refused('webpki::san::no-san', PROFILE, () => oddLeaf({ subjectAltName: null })),
  refused('webpki::san::san-critical-with-nonempty-subject', PROFILE, () => oddLeaf({ subjectAltNameCritical: true })),

  refused('webpki::malformed-aia', PROFILE, () =>
    oddLeaf({ extraExtensions: [encodeExtension(Oid.authorityInfoAccess, false, Buffer.from('malformed'))] }),
  ),
  refused('webpki::forbidden-p192-leaf', 'KEY_REFUSED', () => oddLeaf({ key: p192(), ...UNREADABLE })),
  refused('webpki::forbidden-p192-root', 'KEY_REFUSED', () => oddRoot({ key: p192(), ...UNREADABLE }, BY_UNREADABLE)),
  refused('webpki::forbidden-dsa-leaf', 'KEY_REFUSED', () => oddLeaf({ key: dsa(), ...UNREADABLE })),
  refused('webpki::forbidden-dsa-root', 'KEY_REFUSED', () => oddRoot({ key: dsa(), ...UNREADABLE }, BY_UNREADABLE)),
  refused('webpki::forbidden-weak-rsa-key-in-root', 'KEY_REFUSED', () => oddRoot({ key: rsa(1024) })),
  refused('webpki::forbidden-weak-rsa-in-leaf', 'KEY_REFUSED', () => oddLeaf({ key: rsa(1024) })),
  refused('webpki::forbidden-rsa-not-divisible-by-8-in-root', 'KEY_REFUSED', () => oddRoot({ key: rsa(2052) })),
  refused('webpki::forbidden-rsa-not-divisible-by-8-in-leaf', 'KEY_REFUSED', () => oddLeaf({ key: rsa(2052) })),
  refused('webpki::v1-cert', PROFILE, () =>
    oddLeaf({ version: 1, basicConstraints: null, keyUsage: null, extKeyUsage: null, subjectAltName: null }),
  ),
  refused('webpki::ee-basicconstraints-ca', 'END_ENTITY_IS_CA', () => oddLeaf({ basicConstraints: { cA: true } })),
  refused('webpki::ca-as-leaf', 'END_ENTITY_IS_CA', () => {
    const anchor = root();
    return {
      anchors: [anchor],
      leaf: ica(anchor, { subjectAltName: [dns('ca.example.com')] }),
      server: 'ca.example.com',
    };
  }),
  refused('webpki::explicit-curve', 'CERTIFICATE_MALFORMED', () => {
    // ECParameters in full instead of the curve's name (RFC 5480 2.1.1)
    const parameters = encodeSequence(encodeInteger(Uint8Array.of(1)), encodeSequence(encodeNull()));
    const algorithm = encodeSequence(encodeOid(Oid.ecPublicKey), parameters);
    const key = {
      ...generateTestKey(),
      subjectPublicKeyInfo: encodeSequence(algorithm, encodeBitString(new Uint8Array(65))),
    };
    return oddLeaf({ key, ...UNREADABLE });
  }),
];
