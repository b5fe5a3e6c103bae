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
    { certificatePolicies: { acceptable: '1.2.3' } },
    { certificatePolicies: { requireExplicit: 'true' } },
    { certificatePolicies: { inhibitMapping: 1 } },
    { certificatePolicies: { inhibitAnyPolicy: 1 } },
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

describe('serverName', () => {
  const server = root.issue({
    subjectAltName: [{ kind: 'dNSName', value: 'a.example' }],
    extKeyUsage: [Oid.serverAuth],
  });
  const request = { ...REQUEST, chain: [server.der], purpose: 'server' } as const;

  it('must be the server’s', () => {
    expect(verifyPath({ ...request, serverName: 'a.example' })).toMatchObject({ ok: true });
    const detail = { code: 'SERVER_NAME_MISMATCH', serverName: 'b.example' };
    expect(verifyPath({ ...request, serverName: 'b.example' })).toMatchObject({ ok: false, error: { detail } });
    expect(verifyPath({ ...request, serverName: '' })).toMatchObject({ ok: false });
  });

  it('is asked for of a server alone, and only of a path that holds', () => {
    const client: object = { purpose: 'client' };
    expect(() => verifyPath({ ...request, serverName: 'a.example', ...client })).toThrow(TypeError);
    const other = { ...request, trustAnchors: [TestCa.root({ subject: 'Other' }).der], serverName: 'b.example' };
    expect(verifyPath(other)).toMatchObject({ ok: false, error: { code: 'UNKNOWN_ISSUER' } });
  });
});

describe('terms of a trust anchor', () => {
  it.each([
    ...PROFILES.map((profile) => ({ profile })),
    ...VALIDITIES.map((validity) => ({ validity })),
    { identity: 'spiffe' },
    { identity: 'any' },
    { realm: 'vendor.example' },
    { purposes: ['client', 'server'] },
  ])('may be %o', (change) => {
    expect(anchorWith(change).for('client').all).toHaveLength(1);
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
    { certificatePolicies: { requireExplicit: 1 } },
    { revocation: { sources: [] } },
    { revocation: { sources, whenUnknown: 'ignore' } },
  ])('are not %o', (change) => {
    expect(() => anchorWith(change)).toThrow(TypeError);
  });
});
