import { hash } from 'node:crypto';

import { Oid } from '@touchmark/der';
import { TEST_NOW, TestCa } from '@touchmark/testkit';
import { encodeName, spkiSha256 } from '@touchmark/x509';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { verifyPath } from '../path/verify-path.js';
import { Denylist, type DenylistEntry } from './denylist.js';
import { DigestSet } from './digest-set.js';

const root = TestCa.root();
const issuing = root.issueCa();
const leaf = issuing.issue();
const other = issuing.issue();

const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', data, 'buffer'));
const issuerSpkiSha256 = spkiSha256(issuing.certificate.subjectPublicKeyInfo);
const { serialNumber } = leaf.certificate;

function judge(denylist: Denylist, { der }: { der: Uint8Array } = leaf): string {
  const result = verifyPath({
    chain: [der, issuing.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: { sources: [denylist] },
  });
  return result.ok ? 'accepted' : result.error.message;
}

describe('Denylist', () => {
  it.each<[string, DenylistEntry]>([
    ['the issuer’s key and the number', { issuerSpkiSha256, serialNumber }],
    ['the issuer’s name and the number', { issuer: issuing.certificate.subject, serialNumber }],
    [
      'the issuer’s name as somebody else writes it, and the number',
      { issuer: encodeName([{ type: Oid.commonName, value: ' TEST  issuing ca' }]), serialNumber },
    ],
    ['its own key', { spkiSha256: spkiSha256(leaf.certificate.subjectPublicKeyInfo) }],
    ['its hash', { sha256: sha256(leaf.der) }],
  ])('refuses a certificate listed by %s, and no other', (_name, entry) => {
    const denylist = new Denylist([entry]);
    expect(judge(denylist)).toBe('CERT_REVOKED at depth 0');
    expect(judge(denylist, other)).toBe('accepted');
  });

  it.each<[string, DenylistEntry]>([
    ['another issuer’s key', { issuerSpkiSha256: spkiSha256(root.certificate.subjectPublicKeyInfo), serialNumber }],
    ['another issuer’s name', { issuer: encodeName([]), serialNumber }],
    ['another number', { issuerSpkiSha256, serialNumber: other.certificate.serialNumber }],
  ])('is not confused by %s', (_name, entry) => {
    expect(judge(new Denylist([entry]))).toBe('accepted');
  });

  it('refuses what stands below a listed CA', () => {
    expect(judge(new Denylist([{ sha256: sha256(issuing.der) }]))).toBe('CERT_REVOKED at depth 1');
  });

  it('takes a new list whole or not at all', () => {
    const denylist = new Denylist([{ sha256: sha256(leaf.der) }]);
    expect(() => denylist.set([{ sha256: sha256(other.der) }, { sha256: new Uint8Array(20) }])).toThrow(TypeError);
    expect([judge(denylist), judge(denylist, other), denylist.changes]).toEqual([
      'CERT_REVOKED at depth 0',
      'accepted',
      0,
    ]);
    denylist.set([{ sha256: sha256(other.der) }]);
    expect([judge(denylist), judge(denylist, other), denylist.changes]).toEqual([
      'accepted',
      'CERT_REVOKED at depth 0',
      1,
    ]);
  });

  it.each<[string, () => Denylist]>([
    ['a digest of 31 octets', () => new Denylist([{ spkiSha256: new Uint8Array(31) }])],
    [
      'a serialNumber with octets too many',
      () => new Denylist([{ issuerSpkiSha256, serialNumber: Uint8Array.of(0, 1) }]),
    ],
    ['an issuer that is no Name', () => new Denylist([{ issuer: Uint8Array.of(1), serialNumber }])],
    ['two kinds', () => new Denylist([{ sha256: sha256(leaf.der), spkiSha256: new Uint8Array(32) }])],
    ['no serialNumber', () => new Denylist([{ issuerSpkiSha256, serialNumber: new Uint8Array(0) }])],
  ])('refuses an entry with %s: TypeError', (_name, make) => {
    expect(make).toThrow(TypeError);
  });

  it('counts different entries', () => {
    const entry = { issuerSpkiSha256, serialNumber };
    expect(new Denylist([entry, entry, { sha256: sha256(leaf.der) }]).size).toBe(2);
  });
});

describe('DigestSet', () => {
  it('has what was added and nothing else, digests that share all but one octet included', () => {
    const near = fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 3 })).map(([at, value]) => {
      const digest = new Uint8Array(32);
      digest[at] = value;
      return digest;
    });
    fc.assert(
      fc.property(fc.array(near, { maxLength: 60 }), fc.array(near, { maxLength: 30 }), (added, asked) => {
        const set = new DigestSet();
        for (const digest of added) set.add(digest);
        const names = new Set(added.map((digest) => nameOf(digest)));
        for (const digest of [...added, ...asked]) expect(set.has(digest)).toBe(names.has(nameOf(digest)));
        expect(set.size).toBe(names.size);
      }),
      { numRuns: 50 },
    );
  });

  it('grows without losing any', () => {
    const digests = Array.from({ length: 5000 }, (_, i) => sha256(Uint8Array.of(i >> 8, i)));
    const set = new DigestSet();
    for (const digest of digests) set.add(digest);
    expect(set.size).toBe(5000);
    expect(digests.every((digest) => set.has(digest))).toBe(true);
    expect(set.has(sha256(Uint8Array.of(1, 2, 3)))).toBe(false);
  });
});

// All zeros stand for a free slot, so they share a place with their nearest neighbour.
function nameOf(digest: Uint8Array): string {
  const first = Buffer.from(digest.subarray(0, 16));
  if (first.readUInt32BE(12) === 0) first.writeUInt32BE(1, 12);
  return first.toString('hex');
}
