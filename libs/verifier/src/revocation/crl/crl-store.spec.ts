import { encodeName } from '@touchmark/x509';
import { Oid } from '@touchmark/der';
import { generateTestKey, makeTestCrl, TEST_NOW, TestCa, type TestCrlOptions } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';

import { verifyPath } from '../../path/verify-path.js';
import { CrlSource } from './crl-source.js';
import type { CrlAdded } from './crl-why.js';

const DAY = 86_400;
const root = TestCa.root();
const leaf = root.issue();
const mallory = generateTestKey();
const listed = { serialNumber: leaf.certificate };
const revoking: TestCrlOptions = { entries: [listed] };

function ask(
  source: CrlSource,
  { at = TEST_NOW, chain = [leaf.der] }: { at?: number; chain?: Uint8Array[] } = {},
): string {
  const result = verifyPath({
    chain,
    trustAnchors: [root.certificate],
    intermediates: [],
    at,
    purpose: 'client',
    requireExtKeyUsage: false,
    revocation: { sources: [source] },
  });
  if (result.ok) return 'good';
  const { detail } = result.error;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because} ${detail.why}` : detail.code;
}

const add = (source: CrlSource, options: TestCrlOptions = {}): CrlAdded => source.add(makeTestCrl(root, options));
const forge = (source: CrlSource, options: TestCrlOptions = {}): CrlAdded =>
  add(source, { ...options, signingKey: mallory });

const PENDING: CrlAdded = { ok: true, state: 'pending' };
const VERIFIED: CrlAdded = { ok: true, state: 'verified' };
const OLDER: CrlAdded = { ok: false, why: 'CRL_OLDER_THAN_KNOWN' };

describe('CrlSource, one CRL after the other', () => {
  it('proves the first when it is needed, later ones by the same key when they come', () => {
    const source = new CrlSource();
    expect(add(source)).toEqual(PENDING);
    expect(ask(source)).toBe('good');
    expect(add(source, { cRLNumber: 2n, ...revoking })).toEqual(VERIFIED);
    expect(ask(source)).toBe('CERT_REVOKED');
  });

  it('knows a CRL that comes again', () => {
    const source = new CrlSource();
    const der = makeTestCrl(root);
    source.add(der);
    const { changes } = source;
    expect(source.add(der.slice())).toEqual({ ok: true, state: 'known' });
    expect(source.changes).toBe(changes);
  });

  it('never goes back: not to a lower number, nor to an earlier thisUpdate', () => {
    const source = new CrlSource();
    add(source, { cRLNumber: 5n, ...revoking });
    expect(ask(source)).toBe('CERT_REVOKED');
    expect(add(source, { cRLNumber: 4n, thisUpdate: TEST_NOW })).toEqual(OLDER);
    expect(add(source, { cRLNumber: 5n, thisUpdate: TEST_NOW - 2 * DAY })).toEqual(OLDER);
    expect(add(source, { cRLNumber: 5n, thisUpdate: TEST_NOW - DAY, nextUpdate: TEST_NOW + 5 * DAY })).toEqual(OLDER);
    expect(add(source, { cRLNumber: 5n, thisUpdate: TEST_NOW })).toEqual(VERIFIED);
    expect(ask(source)).toBe('good');
  });

  it('never goes back for CRLs that came before the newer one was proven', () => {
    const source = new CrlSource();
    add(source, { cRLNumber: 4n });
    add(source, { cRLNumber: 5n, nextUpdate: TEST_NOW - 1 });
    expect(ask(source)).toBe('stale CRL_STALE');
    expect(add(source, { cRLNumber: 3n })).toEqual(OLDER);
    expect(ask(source)).toBe('stale CRL_STALE');
  });

  it('counts numbers of one scope only', () => {
    const source = new CrlSource();
    add(source, { cRLNumber: 5n });
    expect(ask(source)).toBe('good');
    expect(add(source, { cRLNumber: 1n, scope: { onlyContains: 'user' } })).toEqual(VERIFIED);
    expect(add(source, { cRLNumber: 1n, baseCRLNumber: 1n })).toEqual(VERIFIED);
  });

  it('counts numbers of one key only: another CA of the same name cannot shut it out', () => {
    const source = new CrlSource();
    const twin = TestCa.root({ subject: root.certificate.subject });
    const device = twin.issue();
    source.add(makeTestCrl(twin, { cRLNumber: 1000n, thisUpdate: TEST_NOW }));
    const proven = verifyPath({
      chain: [device.der],
      trustAnchors: [twin.certificate],
      intermediates: [],
      at: TEST_NOW,
      purpose: 'client',
      requireExtKeyUsage: false,
      revocation: { sources: [source] },
    });
    expect(proven.ok).toBe(true);
    expect(ask(source)).toBe('absent CRL_SIGNER_NOT_AUTHORIZED');
    expect(add(source, revoking)).toEqual(PENDING);
    expect(ask(source)).toBe('CERT_REVOKED');
  });
});

describe('CrlSource, whoever hands in CRLs', () => {
  it('cannot replace what is proven by what is not', () => {
    const source = new CrlSource();
    add(source, revoking);
    expect(ask(source)).toBe('CERT_REVOKED');
    expect(forge(source, { cRLNumber: 1000n, thisUpdate: TEST_NOW })).toEqual(PENDING);
    expect(ask(source)).toBe('CERT_REVOKED');
    expect(add(source, { cRLNumber: 2n })).toEqual(VERIFIED);
    expect(ask(source)).toBe('good');
  });

  it('cannot use up the octets: what is proven stays, and what is signed comes in', () => {
    const source = new CrlSource({ maxOctets: 40_000 });
    add(source, revoking);
    expect(ask(source)).toBe('CERT_REVOKED');
    for (let i = 1n; i < 60n; i++) expect(forge(source, { cRLNumber: 1000n + i })).toEqual(PENDING);
    expect(ask(source)).toBe('CERT_REVOKED');
    expect(add(source, { cRLNumber: 2n })).toEqual(VERIFIED);
    expect(ask(source)).toBe('good');
  });

  it('cannot use up the signature checks of a verification', () => {
    const source = new CrlSource();
    add(source, revoking);
    for (let i = 1n; i < 400n; i++) forge(source, { cRLNumber: 1000n + i });
    // A few are tried with each question: those that say they are the newest, and those that came first.
    expect(ask(source)).toBe('CERT_REVOKED');
    const late = new CrlSource();
    for (let i = 1n; i < 400n; i++) forge(late, { cRLNumber: 1000n + i });
    add(late, revoking);
    const answers = Array.from({ length: 51 }, () => ask(late));
    expect(new Set(answers.slice(0, 49))).toEqual(new Set(['absent CRL_SIGNATURE_INVALID']));
    expect(answers[50]).toBe('CERT_REVOKED');
  });

  it('cannot leave anything behind: issuers that never were are forgotten', () => {
    const source = new CrlSource({ maxOctets: 10_000 });
    for (let i = 0; i < 50; i++) {
      const issuer = encodeName([{ type: Oid.commonName, value: `CA ${i}` }]);
      expect(forge(source, { issuer })).toEqual(PENDING);
    }
    add(source, revoking);
    expect(ask(source)).toBe('CERT_REVOKED');
  });

  it('cannot make room beside what is proven', () => {
    const der = makeTestCrl(root, revoking);
    const source = new CrlSource({ maxOctets: 3000 });
    expect(source.add(der)).toEqual(PENDING);
    expect(ask(source)).toBe('CERT_REVOKED');
    expect(forge(source)).toEqual({ ok: false, why: 'CRL_TOO_LARGE' });
    expect(new CrlSource({ maxOctets: 100 }).add(der)).toEqual({ ok: false, why: 'CRL_TOO_LARGE' });
    expect(ask(source)).toBe('CERT_REVOKED');
  });
});
