import { toHex } from '@touchmark/der';
import { generateTestKey, makeTestRequest, TEST_NOW, TestCa, type TestCertificate } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { IssuedCheck } from './issued-check.js';

const root = TestCa.root();
const ca = root.issueCa();
const key = generateTestKey();
const csr = base64(makeTestRequest({ key }).der);
const check = new IssuedCheck([root.certificate], [ca.certificate], () => TEST_NOW);

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
const answer = ({ der, certificate }: TestCertificate) => ({
  certificate: base64(der),
  serialNumber: toHex(certificate.serialNumber),
});

describe('what a line was answered with', () => {
  it('is good for the key of the request, from a CA that leads to the root, as often as one asks', () => {
    for (let i = 0; i < 3; i += 1) {
      expect(check.faultOf(csr, answer(ca.issue({ key, extKeyUsage: null })))).toBeUndefined();
    }
  });

  it('is not good for another key, nor without a request', () => {
    const issued = answer(ca.issue({ key: generateTestKey() }));
    expect(check.faultOf(csr, issued)).toContain('another key');
    expect(check.faultOf(undefined, issued)).toBeDefined();
  });

  it('is not good from anybody else, also under the name of a CA that was good a moment ago', () => {
    expect(check.faultOf(csr, answer(ca.issue({ key })))).toBeUndefined();
    const stranger = TestCa.root().issueCa();
    expect(check.faultOf(csr, answer(stranger.issue({ key })))).toContain('BAD_SIGNATURE');
    const forged = ca.issue({ key, signingKey: generateTestKey() });
    expect(check.faultOf(csr, answer(forged))).toContain('BAD_SIGNATURE');
  });

  it('is not good once it has expired, under another serial number, or when it is no certificate', () => {
    const expired = ca.issue({ key, notBefore: TEST_NOW - 20, notAfter: TEST_NOW - 10 });
    expect(check.faultOf(csr, answer(expired))).toContain('CERT_EXPIRED');
    expect(check.faultOf(csr, { ...answer(ca.issue({ key })), serialNumber: '54' })).toContain('serial number');
    expect(check.faultOf(csr, { certificate: 'MAA=', serialNumber: '54' })).toContain('CERTIFICATE_MALFORMED');
  });
});
