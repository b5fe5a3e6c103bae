import { Oid } from '@touchmark/der';
import { parseSubjectPublicKeyInfo } from '@touchmark/x509';
import { expect, it } from 'vitest';

import { generateTestKey, TEST_NOW, TestCa, withoutMlDsa } from '@touchmark/testkit';

import { bySeat } from '../revocation/seat-source.js';
import type { PathRequest } from './path-request.js';
import { verifyPath } from './verify-path.js';

function verify(anchor: TestCa, chain: readonly Uint8Array[]): unknown {
  const request: PathRequest = {
    chain,
    trustAnchors: [anchor.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: bySeat({ statusOf: () => 'valid' }),
  };
  const result = withoutMlDsa(() => verifyPath(request));
  return result.ok ? 'accepted' : result.error.detail;
}

it('ALGORITHM_UNSUPPORTED says which key of the path needs what the runtime lacks', () => {
  const classic = TestCa.root({ subject: 'Classic' });
  const anchor = TestCa.root({ subject: 'Post-quantum', key: generateTestKey('ML-DSA-65') });
  const ca = anchor.issueCa({ key: generateTestKey() });
  const code = 'ALGORITHM_UNSUPPORTED';
  expect(parseSubjectPublicKeyInfo(anchor.key.subjectPublicKeyInfo).kind).toBe('ML-DSA-65');
  expect(verify(anchor, [anchor.issue().der])).toEqual({ code, depth: 1, oid: Oid.mlDsa65 });
  expect(verify(anchor, [ca.issue().der, ca.der])).toEqual({ code, depth: 2, oid: Oid.mlDsa65 });
  // Nothing of the path is verified with the key of the end entity.
  expect(verify(classic, [classic.issue({ key: generateTestKey('ML-DSA-44') }).der])).toBe('accepted');
});
