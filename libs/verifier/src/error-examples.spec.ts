import { encodeNull, Oid } from '@touchmark/der';
import { encodeExtension, encodeName, encodeNameConstraints, encodeSignatureAlgorithm } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import {
  generateTestKey,
  TEST_NOW,
  TestCa,
  type TestCertificateOptions,
  testPolicyExtensions,
  withoutMlDsa,
} from '@touchmark/testkit';

import { VerifierError, type VerifierErrorCode, type VerifierErrorDetail } from './error.js';
import { readIdentity } from './identity.js';
import type { PathRequest } from './path/path-request.js';
import { verifyPath } from './path/verify-path.js';
import { bySeat } from './revocation/seat-source.js';
import type { CertificateStatus } from './revocation/status-port.js';

const root = TestCa.root({ subject: 'Root' });
const ca = root.issueCa({ subject: 'CA', basicConstraints: { cA: true, pathLenConstraint: 0 } });
const device = ca.issue();

function refusalOf(change: Partial<PathRequest> = {}): VerifierError {
  const result = verifyPath({
    chain: [device.der, ca.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: withStatus('valid'),
    monotonic: () => 0,
    ...change,
  });
  if (result.ok) throw new Error('an example must be refused');
  return result.error;
}

const withStatus = (status: CertificateStatus): PathRequest['revocation'] => bySeat({ statusOf: () => status });
const ofDevice = (options: TestCertificateOptions, change: Partial<PathRequest> = {}): VerifierError =>
  refusalOf({ chain: [ca.issueDer(options), ca.der], ...change });
const ofCa = (options: TestCertificateOptions): VerifierError => {
  const deviant = root.issueCa({ subject: 'CA', ...options });
  return refusalOf({ chain: [deviant.issueDer(), deviant.der] });
};
const extra = (oid: string, critical: boolean, value: Uint8Array): TestCertificateOptions => ({
  extraExtensions: [encodeExtension(oid, critical, value)],
});

function manyCas(): PathRequest['intermediates'] {
  return Array.from({ length: 21 }, () => root.issueCa({ subject: 'CA', key: ca.key }).certificate);
}

/** One small PKI with one deviation for each code: what docs/errors.md points to. The compiler wants one for each new code. */
const EXAMPLES: Readonly<Record<VerifierErrorCode, () => VerifierError>> = {
  CERTIFICATE_MISSING: () => refusalOf({ chain: [] }),
  CHAIN_TOO_LARGE: () => refusalOf({ chain: Array.from({ length: 11 }, () => device.der) }),
  CERTIFICATE_MALFORMED: () => refusalOf({ chain: [device.der.subarray(1)] }),
  UNKNOWN_ISSUER: () => refusalOf({ chain: [device.der] }),
  BAD_SIGNATURE: () => ofDevice({ signingKey: generateTestKey() }),
  SIGNATURE_ALGORITHM_REFUSED: () => ofDevice({ signatureAlgorithm: encodeSignatureAlgorithm('ed25519') }),
  KEY_REFUSED: () => ofDevice({ key: generateTestKey('RSA', 1024) }),
  ALGORITHM_UNSUPPORTED: () => withoutMlDsa(() => ofCa({ key: generateTestKey('ML-DSA-44') })),
  EXTENSION_UNSUPPORTED: () => ofDevice(extra('1.2.3', true, encodeNull())),
  SUBJECT_MISSING: () => ofDevice({ subject: encodeName([]) }),
  CERT_NOT_YET_VALID: () => ofDevice({ notBefore: TEST_NOW + 1 }),
  CERT_EXPIRED: () => ofDevice({ notAfter: TEST_NOW - 1 }),
  NOT_A_CA: () => ofCa({ basicConstraints: null }),
  END_ENTITY_IS_CA: () => ofDevice({ basicConstraints: { cA: true } }),
  KEY_USAGE_MISSING: () => ofDevice({ keyUsage: ['keyAgreement'] }),
  EXT_KEY_USAGE_MISSING: () => ofDevice({ extKeyUsage: [Oid.serverAuth] }),
  NAME_NOT_PERMITTED: () => {
    const permitted = [
      { kind: 'directoryName', value: encodeName([{ type: Oid.commonName, value: 'Other' }]) },
    ] as const;
    return ofCa(extra(Oid.nameConstraints, true, encodeNameConstraints({ permitted })));
  },
  POLICY_MAPPING_INVALID: () => {
    const mappings = [[Oid.anyPolicy, '1.2.3']] as const;
    return ofCa({ extraExtensions: testPolicyExtensions({ policies: ['1.2.3'], mappings }) });
  },
  POLICY_REQUIRED: () => refusalOf({ certificatePolicies: { requireExplicit: true } }),
  PATH_LEN_EXCEEDED: () => {
    const below = ca.issueCa({ subject: 'Below' });
    return refusalOf({ chain: [below.issueDer(), below.der, ca.der] });
  },
  PATH_TOO_LONG: () => refusalOf({ maxDepth: 0 }),
  PROFILE_VIOLATED: () => ofDevice({ authorityKeyIdentifier: null }, { profile: 'rfc5280' }),
  BUDGET_EXCEEDED: () =>
    refusalOf({ chain: [device.der], intermediates: manyCas(), revocation: withStatus('invalid') }),
  NO_REV_AVAIL_CONTRADICTED: () => ofCa(extra(Oid.noRevAvail, false, encodeNull())),
  CERT_REVOKED: () => refusalOf({ revocation: withStatus('invalid') }),
  CERT_SUSPENDED: () => refusalOf({ revocation: withStatus('suspended') }),
  STATUS_UNKNOWN: () => refusalOf({ revocation: withStatus('unknown') }),
  IDENTITY_MALFORMED: () => {
    const subjectAltName = [{ kind: 'uniformResourceIdentifier', value: 'spiffe://devices.local/nothing' }] as const;
    try {
      readIdentity(ca.issue({ subjectAltName }).certificate);
    } catch (error) {
      if (error instanceof VerifierError) return error;
    }
    throw new Error('an example must be refused');
  },
};

/** What the examples say beside their codes. */
const DETAILS: Partial<Record<VerifierErrorCode, Partial<VerifierErrorDetail>>> = {
  UNKNOWN_ISSUER: { depth: 0 },
  ALGORITHM_UNSUPPORTED: { depth: 1, oid: '2.16.840.1.101.3.4.3.17' },
  EXTENSION_UNSUPPORTED: { depth: 0, oid: '1.2.3' },
  CERT_EXPIRED: { depth: 0, notAfter: TEST_NOW - 1, at: TEST_NOW },
  NOT_A_CA: { depth: 1 },
  EXT_KEY_USAGE_MISSING: { depth: 0, needed: Oid.clientAuth },
  NAME_NOT_PERMITTED: { depth: 0, nameKind: 'directoryName', by: 1 },
  PATH_LEN_EXCEEDED: { depth: 2, pathLenConstraint: 0 },
  PROFILE_VIOLATED: { depth: 0, profile: 'rfc5280', rule: 'authorityKeyIdentifier missing' },
  BUDGET_EXCEEDED: { budget: 'paths', limit: 20 },
  NO_REV_AVAIL_CONTRADICTED: { depth: 1, by: 'basicConstraints' },
};

it('says the rest in its message, for who logs nothing else', () => {
  expect([EXAMPLES.STATUS_UNKNOWN(), EXAMPLES.PROFILE_VIOLATED(), EXAMPLES.BUDGET_EXCEEDED()].map(String)).toEqual([
    'VerifierError: STATUS_UNKNOWN at depth 1: absent',
    'VerifierError: PROFILE_VIOLATED at depth 0: rfc5280, authorityKeyIdentifier missing',
    'VerifierError: BUDGET_EXCEEDED: paths',
  ]);
  expect(EXAMPLES.CERT_EXPIRED().message).toBe('CERT_EXPIRED at depth 0');
});

describe('an example of', () => {
  it.each(Object.entries(EXAMPLES))('%s', (code, example) => {
    const { detail } = example();
    const more = Object.entries(DETAILS).find(([named]) => named === code)?.[1];
    expect(detail).toMatchObject({ ...more, code });
  });
});
