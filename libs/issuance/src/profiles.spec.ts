import { MAX_TIME } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { parseProfile } from './profile.js';
import { builtInProfiles, profileByName } from './profiles.js';
import { validityFor } from './validity.js';

const NOW = 1_767_225_600;
const DAY = 86_400;

describe('profiles', () => {
  it('are the seven that docs/issuance-cycle.md lists', () => {
    expect([...builtInProfiles.keys()]).toEqual([
      'idevid',
      'ldevid',
      'tls-server',
      'gateway-client',
      'service',
      'ocsp-signer',
      'status-signer',
    ]);
  });

  it('are frozen through and through: nobody widens one for everybody', () => {
    const openParts = (part: unknown): unknown[] =>
      typeof part === 'object' && part !== null
        ? [...(Object.isFrozen(part) ? [] : [part]), ...Object.values(part).flatMap(openParts)]
        : [];
    for (const profile of builtInProfiles.values()) expect(openParts(profile)).toEqual([]);
    const { extKeyUsage } = profileByName('ldevid');
    expect(() => Reflect.apply(Array.prototype.push, extKeyUsage, ['OCSPSigning'])).toThrow(TypeError);
  });

  it('are refused by code where there is none of that name', () => {
    expect(() => profileByName('smime')).toThrow(
      expect.objectContaining({ code: 'PROFILE_UNKNOWN', context: { profile: 'smime' } }),
    );
  });

  it.each([
    ['an unknown field', { surprise: 1 }],
    ['an unknown purpose', { extKeyUsage: ['codeSigning'] }],
    ['no kind of key', { keys: [] }],
    ['a standard longer than the longest', { validity: { kind: 'lifetime', standard: 200, longest: 100 } }],
    ['an empty subject', { subject: [] }],
    ['a life of 399 days', { validity: { kind: 'lifetime', standard: DAY, longest: 399 * DAY } }],
    ['a purpose twice', { extKeyUsage: ['clientAuth', 'clientAuth'] }],
    ['a name twice', { subjectAltName: ['deviceUri', 'deviceUri'] }],
    ['a backdate of a year', { backdate: 365 * DAY }],
  ])('are refused with %s', (_, change) => {
    expect(() => parseProfile({ ...profileByName('ldevid'), ...change })).toThrow(
      expect.objectContaining({ code: 'PROFILE_INVALID' }),
    );
  });
});

describe('validityFor', () => {
  const ldevid = profileByName('ldevid');
  const issuer = { notBefore: NOW - 10 * DAY, notAfter: NOW + 40 * DAY };

  it('begins an hour back and ends after the standard lifetime, or the policy’s', () => {
    expect(validityFor(ldevid, issuer, NOW)).toEqual({ notBefore: NOW - 3600, notAfter: NOW + 30 * DAY });
    expect(validityFor(ldevid, issuer, NOW, DAY)).toEqual({ notBefore: NOW - 3600, notAfter: NOW + DAY });
  });

  it('never leaves the validity of the issuer', () => {
    const young = { notBefore: NOW - 60, notAfter: NOW + DAY };
    expect(validityFor(ldevid, young, NOW)).toEqual(young);
  });

  it('never ends where the profile says so, and only under an issuer that never ends', () => {
    const idevid = profileByName('idevid');
    expect(validityFor(idevid, { ...issuer, notAfter: MAX_TIME }, NOW).notAfter).toBe(MAX_TIME);
    expect(() => validityFor(idevid, issuer, NOW)).toThrow(expect.objectContaining({ code: 'VALIDITY_REFUSED' }));
  });

  it.each([
    ['longer than the longest', NOW, 398 * DAY + 1],
    ['of no length', NOW, 0],
    ['negative', NOW, -5],
    ['not a number', NOW, Number.NaN],
    ['after the end of the issuer', NOW + 41 * DAY, DAY],
    ['before its beginning', NOW - 11 * DAY, DAY],
  ])('refuses a lifetime %s', (_, now, lifetime) => {
    expect(() => validityFor(ldevid, issuer, now, lifetime)).toThrow(
      expect.objectContaining({ code: 'VALIDITY_REFUSED' }),
    );
  });
});
