import { describe, expect, it } from 'vitest';

import { generateTestKey, TestCa } from '@touchmark/testkit';

import { knownAnchors, knownPool } from './known-certificates.js';
import { knownPathCertificate } from './path-certificate.js';

const key = generateTestKey();
const root = TestCa.root();
const [a, b] = ['CA A', 'CA B'].map((subject) => root.issueCa({ subject, key }).certificate);
if (a === undefined || b === undefined) throw new TypeError('two CAs');
const broken = { ...b, subjectPublicKeyInfo: Uint8Array.of(0x30, 0) };

describe('knownPool', () => {
  it('is kept with its array, and made anew when that has changed', () => {
    const certificates = [a, root.certificate];
    const pool = knownPool(certificates);
    expect(knownPool(certificates)).toBe(pool);
    expect(knownPool([...certificates])).not.toBe(pool);
    certificates[1] = b;
    expect(knownPool(certificates).certificates).toEqual([a, b].map(knownPathCertificate));
  });

  it('reads DER, once for each array, out of octets of its own', () => {
    const der = a.der.slice();
    const given = [der, a];
    const pool = knownPool(given);
    expect(pool.certificates).toHaveLength(1);
    expect(knownPool(given)).toBe(pool);
    der.fill(0);
    expect(knownPool(given).find(a.der)).toBe(pool.certificates[0]);
  });

  it('leaves out what cannot be read, and knows what is wrong with it', () => {
    const pool = knownPool([broken, Uint8Array.of(1), a]);
    expect(pool.certificates).toEqual([knownPathCertificate(a)]);
    expect(pool.flawOf(b.subject)).toMatchObject({ code: 'SUBJECT_PUBLIC_KEY_INFO_MALFORMED' });
    expect(pool.flawOf(a.subject)).toBeUndefined();
  });
});

describe('knownAnchors', () => {
  it('has the terms of each, the first where a certificate stands there twice', () => {
    const anchors = knownAnchors([
      a,
      { certificate: b.der, profile: 'web' },
      { certificate: b, validity: 'when-issued' },
    ]);
    const [first, second] = anchors.pool.certificates;
    if (first === undefined || second === undefined) throw new TypeError('two anchors');
    expect([first, second].map((anchor) => anchors.termsOf(anchor))).toEqual([{}, { profile: 'web' }]);
    expect([anchors.arePlain, anchors.allowEnded]).toEqual([false, false]);
    expect(knownAnchors([a, b]).arePlain).toBe(true);
    expect(knownAnchors([{ certificate: b, validity: 'when-issued' }]).allowEnded).toBe(true);
  });
});
