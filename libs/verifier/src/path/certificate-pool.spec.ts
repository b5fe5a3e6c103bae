import { encodeOid, encodePrintableString, encodeSequence, encodeSetOf, Oid } from '@touchmark/der';
import { encodeName } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey, TestCa } from '@touchmark/testkit';

import { CertificatePool } from './certificate-pool.js';
import { knownPathCertificate } from './path-certificate.js';

const key = generateTestKey();
const root = TestCa.root();
const name = (value: string): Uint8Array => encodeName([{ type: Oid.commonName, value }]);
const printable = (value: string): Uint8Array =>
  encodeSequence(encodeSetOf([encodeSequence(encodeOid(Oid.commonName), encodePrintableString(value))]));

const a1 = knownPathCertificate(root.issueCa({ subject: 'CA A', key }).certificate);
const a2 = knownPathCertificate(root.issueCa({ subject: printable('ca  a'), key }).certificate);
const b = knownPathCertificate(root.issueCa({ subject: 'CA B', key }).certificate);

describe('CertificatePool', () => {
  it('finds by name in any encoding, letter case and spacing, all of one name in their order', () => {
    const pool = new CertificatePool([a1, b, a2]);
    for (const asked of [name('CA A'), printable('ca  a'), name('cA a'), printable('CA A')]) {
      expect(pool.named(asked)).toEqual([a1, a2]);
    }
    expect(pool.named(name('CA B'))).toEqual([b]);
    expect(pool.certificates).toEqual([a1, b, a2]);
  });

  it('finds nothing where there is nothing, and what came later', () => {
    const pool = new CertificatePool([]);
    expect(pool.named(name('CA A'))).toEqual([]);
    pool.add(b);
    expect(pool.named(name('CA A'))).toEqual([]);
    pool.add(a1);
    expect(pool.named(name('CA A'))).toEqual([a1]);
  });

  it('remembers no more strangers than it has room for', () => {
    const pool = new CertificatePool([a1]);
    for (let i = 0; i < 600; i++) expect(pool.named(name(`Stranger ${i}`))).toEqual([]);
    expect(pool.named(name('ca a'))).toEqual([a1]);
  });

  it('holds each certificate once, and finds it by its octets', () => {
    const again = knownPathCertificate({ ...a1.certificate });
    const pool = new CertificatePool([a1, again]);
    expect(pool.certificates).toEqual([a1]);
    expect(pool.find(a1.certificate.der.slice())).toBe(a1);
    expect(pool.find(a1.certificate.der.with(20, 0))).toBeUndefined();
    expect(pool.find(b.certificate.der)).toBeUndefined();
  });
});
