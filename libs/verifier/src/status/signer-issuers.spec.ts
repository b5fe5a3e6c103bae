import { generateTestKey, TestCa, TestStatus } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { readPathCertificate } from '../path/path-certificate.js';
import { realmOf, SignerIssuers } from './signer-issuers.js';

const status = new TestStatus();
const { root, infrastructure, ldevid } = status;
const other = TestCa.root({ subject: 'Other' });
const namesake = TestCa.root({ subject: 'Status test infrastructure CA' });
const largeNamesake = TestCa.root({ subject: 'Status test infrastructure CA', key: generateTestKey('EC P-521') });

const pem = (...certificates: { der: Uint8Array }[]): string =>
  certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');
const tls = (...ca: { der: Uint8Array }[]) => ({
  cert: pem(status.issueInfrastructure('gateway/g-1')),
  ca: pem(...ca),
});

describe('SignerIssuers', () => {
  it.each([
    ['whom TLS trusts', tls(infrastructure, other), undefined, [infrastructure, other]],
    [
      'whoever issued the gateway’s certificate, below the root that TLS trusts',
      tls(root),
      undefined,
      [root, infrastructure],
    ],
    ['those that are named alone', tls(infrastructure), [ldevid.der], [ldevid]],
    ['nobody, if nobody is named', tls(infrastructure), [], []],
  ])('%s', (_name, source, named, expected) => {
    const issuers = new SignerIssuers(named, source);
    for (const ca of [root, infrastructure, ldevid, other, namesake, largeNamesake]) {
      expect(issuers.has(readPathCertificate(ca.der, 1))).toBe(expected.includes(ca));
    }
  });

  it('passes over what it cannot read among those whom TLS trusts, and over nothing else', () => {
    const unreadable = { der: Uint8Array.of(0x30, 0) };
    const issuers = new SignerIssuers(undefined, tls(unreadable, other));
    expect(issuers.has(readPathCertificate(other.der, 1))).toBe(true);
    expect(() => new SignerIssuers([unreadable.der], tls(other))).toThrow();
    expect(() => new SignerIssuers(undefined, { ...tls(other), cert: pem(unreadable) })).toThrow();
    expect(() => new SignerIssuers(undefined, { ...tls(other), cert: '' })).toThrow(TypeError);
  });
});

describe('realmOf', () => {
  it('is that of the gateway’s certificate, and needs one', () => {
    expect(realmOf(tls())).toBe('devices.local');
    expect(() => realmOf({ cert: pem(infrastructure.issue({ subject: 'nobody' })) })).toThrow(TypeError);
  });
});
