import { MAX_TIME } from '@touchmark/der';
import { parseSubjectPublicKeyInfo } from '@touchmark/x509';
import { beforeAll, describe, expect, it } from 'vitest';

import { encodeCertificateNames } from './certificate-names.js';
import { IssuanceError } from './issuance-error.js';
import type { Issuer } from './issuer.js';
import type { IssuingCaKind, Profile } from './profile.js';
import { type BuiltInProfileName, profileByName } from './profiles.js';
import { ecKey, NOW, PUBLICATION_POINTS, type SpecHierarchy, specHierarchy, spkiOf } from './spec-authorities.js';
import { buildTbsCertificate, compileTemplate } from './template.js';
import type { Validity } from './validity.js';

const DAY = 86_400;
const fields = { realm: 'devices.local', model: 'm-1', deviceSerial: 'SN-1', name: 'n-1', hwType: '1.2.3' };
const more = { ...fields, organization: 'Acme', dnsNames: ['a.example'] };
const subjectPublicKeyInfo = spkiOf(ecKey('P-256'));
const serialNumber = Uint8Array.from({ length: 16 }, (_, n) => 0x54 + n);
const week = { notBefore: NOW - 60, notAfter: NOW + 7 * DAY };

const NOT_THE_CAS = 'the profile is one of the issuing CA';
const INCOMPETENT = 'names and purposes are of a kind that the issuing CA may give';
const OCSP_SIGNING = 'OCSPSigning stands alone, with nocheck, without names, for 7 days at most';
const NEVER_ENDS = 'only IDevIDs never end, under an IDevID CA that never ends';

describe('CertificateLint, whatever the profile says', () => {
  let hierarchy: SpecHierarchy;
  beforeAll(async () => {
    hierarchy = await specHierarchy();
  });

  const cases: [BuiltInProfileName, IssuingCaKind, Partial<Profile>, string[]][] = [
    ['ldevid', 'ldevid', {}, []],
    ['ocsp-signer', 'infrastructure', {}, []],
    ['ldevid', 'infrastructure', {}, [NOT_THE_CAS, INCOMPETENT]],
    ['tls-server', 'ldevid', {}, [NOT_THE_CAS, INCOMPETENT]],
    ['tls-server', 'ldevid', { issuers: ['ldevid'] }, [INCOMPETENT]],
    ['gateway-client', 'ldevid', { issuers: ['ldevid'] }, [INCOMPETENT]],
    ['status-signer', 'idevid', { issuers: ['idevid'] }, [INCOMPETENT]],
    ['ldevid', 'ldevid', { extKeyUsage: ['serverAuth'] }, [INCOMPETENT]],
    ['ldevid', 'infrastructure', { issuers: ['infrastructure'] }, [INCOMPETENT]],
    ['ldevid', 'ldevid', { extKeyUsage: ['clientAuth', 'OCSPSigning'], ocspNocheck: true }, [OCSP_SIGNING]],
    ['ldevid', 'ldevid', { ocspNocheck: true }, [OCSP_SIGNING]],
    ['ocsp-signer', 'ldevid', { ocspNocheck: false }, [OCSP_SIGNING]],
    ['ocsp-signer', 'ldevid', { subjectAltName: ['deviceUri'] }, [OCSP_SIGNING]],
    ['ocsp-signer', 'ldevid', { validity: { kind: 'lifetime', standard: DAY, longest: 8 * DAY } }, [OCSP_SIGNING]],
  ];
  it.each(cases)('%s from the %s CA with %j: %j', (name, kind, change, expected) => {
    expect(findings({ ...profileByName(name), ...change }, hierarchy.issuers[kind])).toEqual(expected);
  });

  it('lets an IDevID never end, and nothing else, and only under an IDevID CA that never ends', () => {
    const { idevid, ldevid } = hierarchy.issuers;
    const never = { notBefore: NOW - 60, notAfter: MAX_TIME };
    const endless = { kind: 'never' } as const;
    expect(findings(profileByName('idevid'), idevid, never)).toEqual([]);
    expect(findings({ ...profileByName('idevid'), name: 'forever' }, idevid, never)).toEqual([NEVER_ENDS]);
    const ending = { ...idevid, certificate: { ...idevid.certificate, notAfter: NOW + 9 * DAY } };
    expect(findings(profileByName('idevid'), ending, never)).toContain(NEVER_ENDS);
    expect(findings({ ...profileByName('ldevid'), validity: endless }, ldevid, never)).toContain(NEVER_ENDS);
  });

  it('lets nothing come from the root', () => {
    expect(findings(profileByName('ldevid'), { ...hierarchy.issuers.ldevid, kind: 'root' })).toEqual([
      NOT_THE_CAS,
      INCOMPETENT,
    ]);
  });

  it('does not take a slash in a field for the path of another kind', () => {
    const profile = profileByName('gateway-client');
    const template = compileTemplate({
      profile,
      issuer: hierarchy.issuers.infrastructure,
      publicationPoints: PUBLICATION_POINTS,
    });
    const asked = { realm: 'devices.local/device', name: 'n-1' };
    const made = encodeCertificateNames(profile, { realm: 'devices.local', name: 'n-1' });
    const uri = Buffer.from('spiffe://devices.local/device/gateway/n-1');
    const subjectAltName = Buffer.concat([Uint8Array.of(0x30, uri.length + 2, 0x86, uri.length), uri]);
    const content = { serialNumber, key: parseSubjectPublicKeyInfo(subjectPublicKeyInfo), ...week };
    const tbs = buildTbsCertificate(template, { ...content, names: { ...made, subjectAltName } });
    expect(() =>
      template.lint.check(tbs, { fields: asked, subjectPublicKeyInfo, serialNumber, ...week, now: NOW }),
    ).toThrow(expect.objectContaining({ context: { findings: ['extension 2.5.29.17 is what the profile says'] } }));
  });

  it('judges the profile as it was when the template was made', () => {
    const changing = { ...profileByName('ocsp-signer'), extKeyUsage: ['OCSPSigning' as const] };
    const template = compileTemplate({
      profile: changing,
      issuer: hierarchy.issuers.ldevid,
      publicationPoints: PUBLICATION_POINTS,
    });
    changing.validity = { kind: 'lifetime', standard: DAY, longest: 300 * DAY };
    expect(template.profile.validity).toEqual({ kind: 'lifetime', standard: 7 * DAY, longest: 7 * DAY });
  });
});

// The certificate is the one that the profile makes, so only rules beyond it can be broken.
function findings(profile: Profile, issuer: Issuer, validity: Validity = week): readonly string[] {
  const template = compileTemplate({ profile, issuer, publicationPoints: PUBLICATION_POINTS });
  const names = encodeCertificateNames(profile, more);
  const key = parseSubjectPublicKeyInfo(subjectPublicKeyInfo);
  const tbs = buildTbsCertificate(template, { serialNumber, names, key, ...validity });
  try {
    template.lint.check(tbs, { fields: more, subjectPublicKeyInfo, serialNumber, ...validity, now: NOW });
    return [];
  } catch (error) {
    if (error instanceof IssuanceError && 'findings' in error.context) return error.context.findings;
    throw error;
  }
}
