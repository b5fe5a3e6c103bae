import { Oid } from '@touchmark/der';
import { encodeExtension, encodeKeyUsage, encodeName, parseSubjectPublicKeyInfo } from '@touchmark/x509';
import { beforeAll, describe, expect, it } from 'vitest';

import { encodeCertificateNames } from './certificate-names.js';
import { IssuanceError } from './issuance-error.js';
import type { Issuer } from './issuer.js';
import { profileByName } from './profiles.js';
import { ecKey, NOW, PUBLICATION_POINTS, specHierarchy, spkiOf } from './spec-authorities.js';
import { buildTbsCertificate, type CertificateContent, type CertificateTemplate, compileTemplate } from './template.js';
import { validityFor } from './validity.js';

const profile = profileByName('ldevid');
const fields = { realm: 'devices.local', model: 'm-1', deviceSerial: 'SN-1' };
const spki = spkiOf(ecKey('P-256'));
const serialNumber = Uint8Array.from({ length: 16 }, (_, n) => 0x54 + n);

describe('CertificateLint', () => {
  let issuer: Issuer;
  let other: Issuer;
  let template: CertificateTemplate;
  let content: CertificateContent;
  beforeAll(async () => {
    const { issuers } = await specHierarchy();
    issuer = issuers.ldevid;
    other = issuers.idevid;
    template = compileTemplate({ profile, issuer, publicationPoints: PUBLICATION_POINTS });
    content = {
      serialNumber,
      names: encodeCertificateNames(profile, fields),
      key: parseSubjectPublicKeyInfo(spki),
      ...validityFor(profile, issuer.certificate, NOW),
    };
  });

  function findings(tbs: Uint8Array, now = NOW): readonly string[] {
    try {
      const { notBefore, notAfter } = content;
      template.lint.check(tbs, { fields, subjectPublicKeyInfo: spki, serialNumber, notBefore, notAfter, now });
      return [];
    } catch (error) {
      if (error instanceof IssuanceError && error.code === 'LINT_FAILED' && 'findings' in error.context) {
        return error.context.findings;
      }
      throw error;
    }
  }

  it('passes what the template makes, also a second time', () => {
    const tbs = buildTbsCertificate(template, content);
    expect(findings(tbs)).toEqual([]);
    expect(findings(tbs)).toEqual([]);
  });

  const deviations: readonly (readonly [string, () => [CertificateTemplate, CertificateContent], string])[] = [
    [
      'another serialNumber',
      () => [template, { ...content, serialNumber: Uint8Array.from(serialNumber).fill(0x11, 8) }],
      'serialNumber is the one of the seat, 16 octets, positive',
    ],
    [
      'another issuer',
      () => [compileTemplate({ profile, issuer: other, publicationPoints: PUBLICATION_POINTS }), content],
      'issuer is the subject of the issuing CA',
    ],
    [
      'a longer life than the profile allows',
      () => [template, { ...content, notAfter: NOW + 399 * 86_400 }],
      'validity is the one asked for, within the issuer and the profile',
    ],
    [
      'a beginning further back than the profile allows',
      () => [template, { ...content, notBefore: NOW - 3601 }],
      'validity is the one asked for, within the issuer and the profile',
    ],
    [
      'a beginning in the future',
      () => [template, { ...content, notBefore: NOW + 1 }],
      'validity is the one asked for, within the issuer and the profile',
    ],
    [
      'another subject',
      () => [
        template,
        {
          ...content,
          names: { ...content.names, subject: encodeName([{ type: Oid.serialNumber, value: 'SN-2' }]) },
        },
      ],
      'subject is what the profile makes of the fields',
    ],
    [
      'a subject with more than the profile makes',
      () => [
        template,
        {
          ...content,
          names: {
            ...content.names,
            subject: encodeName([
              { type: Oid.serialNumber, value: 'SN-1' },
              { type: Oid.commonName, value: 'admin' },
            ]),
          },
        },
      ],
      'subject is what the profile makes of the fields',
    ],
    [
      'another key',
      () => [template, { ...content, key: parseSubjectPublicKeyInfo(spkiOf(ecKey('P-256'))) }],
      'subjectPublicKeyInfo is the one of the request, of a kind that the profile takes',
    ],
    [
      'another subjectAltName',
      () => [template, { ...content, names: encodeCertificateNames(profile, { ...fields, model: 'm-2' }) }],
      `extension ${Oid.subjectAltName} is what the profile says`,
    ],
    [
      'no subjectAltName',
      () => [template, { ...content, names: { ...content.names, subjectAltName: undefined } }],
      'extensions are those of the profile and no others',
    ],
    [
      'another purpose',
      () => [
        compileTemplate({
          profile: { ...profile, extKeyUsage: ['serverAuth'] },
          issuer,
          publicationPoints: PUBLICATION_POINTS,
        }),
        content,
      ],
      `extension ${Oid.extKeyUsage} is what the profile says`,
    ],
    [
      'the CRL of another list',
      () => [
        compileTemplate({ profile, issuer, publicationPoints: { ...PUBLICATION_POINTS, crl: 'http://x.example/1' } }),
        content,
      ],
      `extension ${Oid.cRLDistributionPoints} is what the profile says`,
    ],
    [
      'another OCSP responder',
      () => [
        compileTemplate({ profile, issuer, publicationPoints: { ...PUBLICATION_POINTS, ocsp: 'http://x.example/2' } }),
        content,
      ],
      `extension ${Oid.authorityInfoAccess} is what the profile says`,
    ],
    [
      'another keyUsage, in place of the right one',
      () => [replacing(encodeKeyUsage(['digitalSignature']), encodeKeyUsage(['keyCertSign'])), content],
      `extension ${Oid.keyUsage} is what the profile says`,
    ],
    [
      'an extension that is none of the profile',
      () => [
        {
          ...template,
          fixedExtensions: Buffer.concat([
            template.fixedExtensions,
            encodeExtension(Oid.ocspNocheck, false, Uint8Array.of(5, 0)),
          ]),
        },
        content,
      ],
      'extensions are those of the profile and no others',
    ],
    [
      'an assurance policy where none is configured',
      () => [
        compileTemplate({ profile, issuer, publicationPoints: PUBLICATION_POINTS, assurancePolicy: '1.2.3' }),
        content,
      ],
      'extensions are those of the profile and no others',
    ],
    [
      'an extension twice',
      () => [
        { ...template, fixedExtensions: Buffer.concat([template.fixedExtensions, template.fixedExtensions]) },
        content,
      ],
      'the encoding can be read (EXTENSION_DUPLICATE)',
    ],
  ];
  it.each(deviations)('refuses %s', (_, deviate, finding) => {
    // What passed before must not be what decides now.
    expect(findings(buildTbsCertificate(template, content))).toEqual([]);
    expect(findings(buildTbsCertificate(...deviate()))).toContain(finding);
  });

  it('refuses a certificate that is issued after the time it was made for', () => {
    const tbs = buildTbsCertificate(template, content);
    expect(findings(tbs, NOW + 31 * 86_400)).toEqual([
      'validity is the one asked for, within the issuer and the profile',
    ]);
  });

  it('refuses a life longer than the profile allows, although it was asked for', () => {
    const life = { notBefore: NOW - 60, notAfter: NOW + 399 * 86_400 };
    const tbs = buildTbsCertificate(template, { ...content, ...life });
    expect(() =>
      template.lint.check(tbs, { fields, subjectPublicKeyInfo: spki, serialNumber, ...life, now: NOW }),
    ).toThrow(expect.objectContaining({ code: 'LINT_FAILED' }));
  });

  it('refuses octets with the last bit of any one turned over', () => {
    const tbs = buildTbsCertificate(template, content);
    for (let at = 0; at < tbs.length; at++) {
      const turned = tbs.slice();
      turned[at] = (turned[at] ?? 0) ^ 0x01;
      expect(findings(turned), `octet ${at}`).not.toEqual([]);
    }
  });

  function replacing(from: Uint8Array, to: Uint8Array): CertificateTemplate {
    const fixed = Buffer.from(template.fixedExtensions);
    fixed.set(to, fixed.indexOf(Buffer.from(from)));
    return { ...template, fixedExtensions: new Uint8Array(fixed) };
  }
});
