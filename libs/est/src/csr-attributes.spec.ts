import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { encodeCsrAttributes, parseCsrAttributes } from './csr-attributes.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What openssl sees, as `depth type value` lines. */
function seenByOpenssl(der: Uint8Array): string[] {
  const text = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: der, encoding: 'utf8' });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, depth, rest] = /d=(\d+).*(?:prim|cons): (.*)$/.exec(line) ?? [];
      return `${depth} ${rest?.replaceAll(/\s+/g, ' ').trim()}`;
    });
}

describe('encodeCsrAttributes', () => {
  it('key, extension, hash and binding: openssl sees RFC 9908 shapes', () => {
    const der = encodeCsrAttributes({
      challengePassword: true,
      keyAlgorithm: { type: 'ecPublicKey', namedCurve: 'secp384r1' },
      extensions: [{ extnID: '2.5.29.15', critical: true, extnValue: Uint8Array.of(3, 2, 7, 0x80) }],
      signatureAlgorithm: '1.2.840.10045.4.3.3',
    });
    expect(seenByOpenssl(der)).toEqual([
      '0 SEQUENCE',
      '1 OBJECT :challengePassword',
      '1 SEQUENCE',
      '2 OBJECT :id-ecPublicKey',
      '2 SET',
      '3 OBJECT :secp384r1',
      '1 SEQUENCE',
      '2 OBJECT :Extension Request',
      '2 SET',
      '3 SEQUENCE',
      '4 SEQUENCE',
      '5 OBJECT :X509v3 Key Usage',
      '5 BOOLEAN :255',
      '5 OCTET STRING [HEX DUMP]:03020780',
      '1 OBJECT :ecdsa-with-SHA384',
    ]);
  });

  it('binding alone: the octets that libest sends', () => {
    expect(Buffer.from(encodeCsrAttributes({ challengePassword: true })).toString('base64')).toBe(
      'MAsGCSqGSIb3DQEJBw==',
    );
  });

  it.each([
    { name: 'P-256', key: { type: 'ecPublicKey', namedCurve: 'prime256v1' } as const, last: '3 OBJECT :prime256v1' },
    { name: 'RSA', key: { type: 'rsaEncryption', modulusLength: 3072 } as const, last: '3 INTEGER :0C00' },
    { name: 'Ed25519', key: { type: 'ed25519' } as const, last: '2 SET' },
  ])('$name key: one Attribute named by its algorithm', ({ key, last }) => {
    expect(seenByOpenssl(encodeCsrAttributes({ keyAlgorithm: key })).at(-1)).toBe(last);
  });

  it('non-critical extension: the default is left out', () => {
    const der = encodeCsrAttributes({ extensions: [{ extnID: '2.5.29.17', extnValue: Uint8Array.of(0x30, 0) }] });
    expect(seenByOpenssl(der).slice(-2)).toEqual([
      '5 OBJECT :X509v3 Subject Alternative Name',
      '5 OCTET STRING [HEX DUMP]:3000',
    ]);
  });

  it('nothing asked for: an empty SEQUENCE', () => {
    expect(hex(encodeCsrAttributes({ extensions: [] }))).toBe('3000');
  });

  it('an extension twice, or no number of bits: TypeError', () => {
    const extension = { extnID: '2.5.29.17', extnValue: Uint8Array.of(0x30, 0) };
    expect(() => encodeCsrAttributes({ extensions: [extension, extension] })).toThrow(TypeError);
    expect(() => encodeCsrAttributes({ keyAlgorithm: { type: 'rsaEncryption', modulusLength: 0 } })).toThrow(TypeError);
  });
});

describe('parseCsrAttributes', () => {
  it('bare identifiers and attributes: named in order', () => {
    const der = encodeCsrAttributes({
      challengePassword: true,
      keyAlgorithm: { type: 'ecPublicKey', namedCurve: 'prime256v1' },
      signatureAlgorithm: '1.2.840.10045.4.3.2',
    });
    expect(parseCsrAttributes(der)).toEqual(['1.2.840.113549.1.9.7', '1.2.840.10045.2.1', '1.2.840.10045.4.3.2']);
  });

  it.each(['', '30', '300000', '3003020101', '04020500'])('octets %j: CSR_ATTRIBUTES_MALFORMED', (text) => {
    expect(() => parseCsrAttributes(Buffer.from(text, 'hex'))).toThrow(
      expect.objectContaining({ code: 'CSR_ATTRIBUTES_MALFORMED' }),
    );
  });
});
