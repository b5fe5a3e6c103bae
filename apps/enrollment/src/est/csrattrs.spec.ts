import { Oid } from '@touchmark/der';
import { parseCsrAttributes } from '@touchmark/est';
import { describe, expect, it } from 'vitest';
import { CsrAttrs } from './csrattrs.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';

const csrAttrs = new CsrAttrs({
  policyByLabel: (label) =>
    Promise.resolve(label === null ? undefined : label === 'none' ? undefined : policy(decodeURIComponent(label))),
});
const policy = (keyAlgorithm: string): EnrollmentPolicy => ({
  id: 'p',
  label: 'l',
  bootstrap: [],
  lifetime: 86_400,
  suspendOnFork: false,
  revokeReplaced: false,
  pseudonymous: false,
  keyAlgorithm,
  models: [],
});

describe('CsrAttrs', () => {
  it.each([
    ['EC P-256', [Oid.ecPublicKey, Oid.ecdsaWithSHA256]],
    ['EC P-384', [Oid.ecPublicKey, Oid.ecdsaWithSHA384]],
    ['Ed25519', [Oid.ed25519]],
    ['RSA 2048', [Oid.rsaEncryption, Oid.sha256WithRSAEncryption]],
    ['RSA 3072', [Oid.rsaEncryption, Oid.sha256WithRSAEncryption]],
  ])('%s: key and hash by their identifiers', async (keyAlgorithm, named) => {
    const der = await csrAttrs.run(encodeURIComponent(keyAlgorithm));
    expect(der && parseCsrAttributes(der)).toEqual(named);
  });

  it('a policy that names no key of ours, and no default policy: nothing is asked for', async () => {
    expect(await csrAttrs.run('any')).toBeUndefined();
    expect(await csrAttrs.run(undefined)).toBeUndefined();
  });

  it('no such label: LABEL_UNKNOWN', async () => {
    await expect(csrAttrs.run('none')).rejects.toMatchObject({ code: 'LABEL_UNKNOWN' });
  });
});
