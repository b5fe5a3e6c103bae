import { Oid } from '@touchmark/der';
import {
  generateTestKey,
  makeTestCrl,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCrlOptions,
  testDistributionPoints,
} from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';

import { findPath, recheckPath } from '../../path/find-path.js';
import type { PathRequest } from '../../path/path-request.js';
import { verifyPath } from '../../path/verify-path.js';
import type { RevocationPolicy } from '../revocation-source.js';
import { CrlSource } from './crl-source.js';

const DAY = 86_400;
const URI = 'http://crl.example/1.crl';
const root = TestCa.root({ subject: 'Root' });
const leaf = root.issue();
const stranger = generateTestKey();

function requestWith(revocation: RevocationPolicy): Omit<PathRequest, 'chain'> {
  return {
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    monotonic: () => 0,
    revocation,
  };
}

function ask(
  source: CrlSource,
  chain: readonly TestCertificate[] = [leaf],
  policy: Partial<RevocationPolicy> = {},
): string {
  const result = verifyPath({ chain: chain.map(({ der }) => der), ...requestWith({ sources: [source], ...policy }) });
  if (result.ok) return 'good';
  const { detail } = result.error;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because} ${detail.why}` : detail.code;
}

const forge = (source: CrlSource, options: TestCrlOptions): unknown =>
  source.add(makeTestCrl(root, { ...options, signingKey: stranger }));

describe('a CRL that nobody signed', () => {
  const sharded = root.issue({ extraExtensions: [testDistributionPoints([{ distributionPoint: URI }])] });
  const weekly = makeTestCrl(root, { cRLNumber: 5n, thisUpdate: TEST_NOW - 3 * DAY });
  const daily = makeTestCrl(root, {
    cRLNumber: 9n,
    thisUpdate: TEST_NOW - 3600,
    scope: { distributionPoint: URI },
    entries: [{ serialNumber: sharded.certificate }],
  });

  it.each<[string, TestCrlOptions]>([
    ['the newest of the complete CRL', { cRLNumber: 1000n, thisUpdate: TEST_NOW - 10 }],
    ['the oldest of the shard', { cRLNumber: 1000n, thisUpdate: 1, scope: { distributionPoint: URI } }],
  ])('does not decide which scopes are asked: %s', (_name, forged) => {
    const source = new CrlSource();
    source.add(weekly);
    source.add(daily);
    forge(source, forged);
    expect([ask(source, [sharded]), ask(source, [sharded])]).toEqual(['CERT_REVOKED', 'CERT_REVOKED']);
  });

  it.each<[string, TestCrlOptions]>([
    ['of tomorrow', { thisUpdate: TEST_NOW + DAY, nextUpdate: TEST_NOW + 2 * DAY }],
    ['of last week', { thisUpdate: TEST_NOW - 9 * DAY, nextUpdate: TEST_NOW - 8 * DAY }],
    ['of today', {}],
  ])('is nothing, whatever a policy forgives: %s', (_name, forged) => {
    const source = new CrlSource();
    forge(source, forged);
    expect(ask(source, [leaf], { whenStale: 'allow' })).toMatch(/^absent /);
    expect(ask(source, [leaf], { whenUnknown: 'allow' })).toBe('good');
  });

  it('ahead of its time is not stale either, however well it is signed', () => {
    const source = new CrlSource();
    source.add(makeTestCrl(root, { thisUpdate: TEST_NOW + DAY, nextUpdate: TEST_NOW + 2 * DAY }));
    expect(ask(source, [leaf], { whenStale: 'allow' })).toBe('absent CRL_NOT_YET_VALID');
  });

  it('does not keep one waiting that came before it', () => {
    const source = new CrlSource();
    const answers: string[] = [];
    source.add(makeTestCrl(root));
    for (let round = 0n; round < 3n; round++) {
      for (let i = 1n; i <= 9n; i++) forge(source, { cRLNumber: 100n * (round + 1n) + i });
      answers.push(ask(source));
    }
    expect(answers.at(-1)).toBe('good');
  });

  it('is tried once, and is no change of what is known', () => {
    const source = new CrlSource();
    source.add(makeTestCrl(root));
    expect(ask(source)).toBe('good');
    const { changes } = source;
    for (let i = 1n; i <= 1024n; i++) forge(source, { cRLNumber: 1000n + i });
    expect(source.changes).toBe(changes);
    expect(ask(source)).toBe('good');
  });
});

describe('a CRL by another key of the issuer’s name', () => {
  const issuing = root.issueCa({ subject: 'Issuing' });
  const device = issuing.issue();
  const ofRoot = makeTestCrl(root);
  const revoking = makeTestCrl(issuing, { cRLNumber: 7n, entries: [{ serialNumber: device.certificate }] });
  const tls = root.issueCa({ subject: 'TLS', extKeyUsage: [Oid.serverAuth] });
  const cRLSign = ['cRLSign'] as const;

  it('does not outdo the issuer’s own', () => {
    const signer = root.issue({ subject: 'Issuing', keyUsage: cRLSign, extKeyUsage: null });
    const source = new CrlSource();
    for (const der of [ofRoot, revoking]) source.add(der);
    source.add(makeTestCrl(issuing, { cRLNumber: 10_000n, signingKey: signer.key }));
    expect(ask(source, [device, issuing, signer])).toBe('CERT_REVOKED');
  });

  it.each<[string, TestCertificate]>([
    ['below a CA that is bounded to servers', tls.issue({ subject: 'Issuing', keyUsage: cRLSign, extKeyUsage: null })],
    ['that is bounded itself', root.issue({ subject: 'Issuing', keyUsage: cRLSign, extKeyUsage: [Oid.clientAuth] })],
    ['without a keyUsage', root.issue({ subject: 'Issuing', keyUsage: null, extKeyUsage: null })],
  ])('counts for nothing %s', (_name, signer) => {
    const source = new CrlSource();
    for (const der of [ofRoot, makeTestCrl(tls)]) source.add(der);
    source.add(makeTestCrl(issuing, { signingKey: signer.key }));
    expect(ask(source, [device, issuing, signer, tls])).toMatch(/^absent /);
  });

  it('still counts when who signed it came with another chain', () => {
    const signer = root.issue({ subject: 'Issuing', keyUsage: cRLSign, extKeyUsage: null });
    const source = new CrlSource();
    for (const der of [ofRoot, makeTestCrl(issuing, { signingKey: signer.key })]) source.add(der);
    const request = requestWith({ sources: [source] });
    const { path } = findPath({ ...request, chain: [device, issuing, signer].map(({ der }) => der) });
    expect(() => recheckPath(path, request)).not.toThrow();
    expect(ask(source, [device, issuing])).toBe('good');
  });
});

describe('a CRL by the issuer', () => {
  it('that is ahead of its time does not push out the one in force', () => {
    const source = new CrlSource();
    source.add(makeTestCrl(root));
    expect(ask(source)).toBe('good');
    for (const days of [1, 2, 3, 4]) {
      const thisUpdate = TEST_NOW + days * DAY;
      source.add(makeTestCrl(root, { cRLNumber: 10n + BigInt(days), thisUpdate, nextUpdate: thisUpdate + DAY }));
    }
    expect(ask(source)).toBe('good');
    const news = { cRLNumber: 2n, thisUpdate: TEST_NOW, entries: [{ serialNumber: leaf.certificate }] };
    expect(source.add(makeTestCrl(root, news))).toMatchObject({ ok: true, state: 'verified' });
    expect(ask(source)).toBe('CERT_REVOKED');
  });
});
