import { TEST_NOW, TestCa } from '@touchmark/testkit';
import { Oid } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { uncheckedRevocation } from '../revocation/denylist.js';
import { TrustAnchors } from '../trust-anchors.js';
import { VALIDITIES } from './check-request.js';
import { recheckPath } from './find-path.js';
import { PathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';
import { PROFILES } from './profiles/profile.js';
import { verifyPath } from './verify-path.js';

const root = TestCa.root({ subject: 'Root' });
const leaf = root.issue();
const path = [leaf, root].map(({ certificate }) => new PathCertificate(certificate));

/** The least that is asked of a caller. */
const REQUEST: PathRequest = {
  chain: [leaf.der],
  trustAnchors: [root.certificate],
  at: TEST_NOW,
  purpose: 'client',
  revocation: uncheckedRevocation,
};

/** As a caller in JavaScript hands it in. */
function requestWith(change: Readonly<Record<string, unknown>>): PathRequest {
  return Object.assign({}, REQUEST, change);
}

const { sources } = uncheckedRevocation;

describe('verifyPath', () => {
  it('takes the least that is asked of a caller', () => {
    expect(verifyPath(REQUEST)).toMatchObject({ ok: true });
  });

  it.each([
    { at: Number.NaN },
    { at: '1700000000' },
    { purpose: undefined },
    { purpose: 'clientAuth' },
    { purpose: 'Server' },
    { purpose: 'toString' },
    { purpose: ['client'] },
    { trustAnchors: undefined },
    { trustAnchors: root.certificate },
    { intermediates: root.certificate },
    { requireExtKeyUsage: 'no' },
    { requireExtKeyUsage: null },
    { profile: 'rfc' },
    { profile: null },
    { maxDepth: '7' },
    { serialNumbers: 'all' },
    { monotonic: 0 },
    { policies: { acceptable: '1.2.3' } },
    { policies: { requireExplicit: 'true' } },
    { policies: { inhibitMapping: 1 } },
    { policies: { inhibitAnyPolicy: 1 } },
    { revocation: undefined },
    { revocation: {} },
    { revocation: { sources: [] } },
    { revocation: { sources, scope: 'leaf' } },
    { revocation: { sources, whenUnknown: 'Allow' } },
    { revocation: { sources, whenStale: true } },
  ])('throws TypeError for %o, and so does who judges a path anew', (change) => {
    expect(() => verifyPath(requestWith(change))).toThrow(TypeError);
    expect(() => recheckPath(path, requestWith(change))).toThrow(TypeError);
  });

  it('asks for extKeyUsage unless that is switched off', () => {
    const bare = root.issue({ extKeyUsage: null });
    const refused = {
      ok: false,
      error: { detail: { code: 'EXT_KEY_USAGE_MISSING', depth: 0, needed: Oid.clientAuth } },
    };
    expect(verifyPath({ ...REQUEST, chain: [bare.der] })).toMatchObject(refused);
    expect(verifyPath(requestWith({ chain: [bare.der], requireExtKeyUsage: undefined }))).toMatchObject(refused);
    expect(verifyPath({ ...REQUEST, chain: [bare.der], requireExtKeyUsage: false })).toMatchObject({ ok: true });
  });
});

const anchorWith = (change: Readonly<Record<string, unknown>>): TrustAnchors =>
  new TrustAnchors([Object.assign({ certificate: root.der }, change)], 'realm.example');

describe('terms of a trust anchor', () => {
  it.each([
    ...PROFILES.map((profile) => ({ profile })),
    ...VALIDITIES.map((validity) => ({ validity })),
    { identity: 'spiffe' },
    { identity: 'any' },
    { realm: 'vendor.example' },
    { purposes: ['client', 'server'] },
  ])('may be %o', (change) => {
    expect(anchorWith(change).for('client').certificates).toHaveLength(1);
  });

  it.each([
    { profile: 'rfc' },
    { validity: 'ever' },
    { identity: 'all' },
    { identity: 'any', realm: 'vendor.example' },
    { identity: 'spiffe', revocation: { sources } },
    { realm: 'A B' },
    { purposes: ['ocsp'] },
    { purposes: [] },
    { requireExtKeyUsage: 'no' },
    { policies: { requireExplicit: 1 } },
    { revocation: { sources: [] } },
    { revocation: { sources, whenUnknown: 'ignore' } },
  ])('are not %o', (change) => {
    expect(() => anchorWith(change)).toThrow(TypeError);
  });
});
