// For the specs beside this file only: the whole cycle, from a fresh key to a certificate.
import type { KeyObject } from 'node:crypto';

import { type CertificateFields, encodeCertificateNames } from './certificate-names.js';
import { checkCertificationRequest } from './certification-request-check.js';
import type { Issuer } from './issuer.js';
import { type BuiltInProfileName, profileByName } from './profiles.js';
import { signCertificate, type SignedCertificate } from './signing-cycle.js';
import { ecKey, NOW, PUBLICATION_POINTS } from './spec-authorities.js';
import { specRequest, type SpecRequest } from './spec-requests.js';
import { compileTemplate } from './template.js';
import type { TemplateFacts } from './template-facts.js';
import { validityFor } from './validity.js';

export interface SpecCertificate extends SignedCertificate {
  readonly privateKey: KeyObject;
}

export async function specCertificate(
  issuer: Issuer,
  profileName: BuiltInProfileName,
  fields: CertificateFields,
  o: Partial<TemplateFacts> & {
    now?: number;
    serial?: number;
    privateKey?: KeyObject;
    signatureAlgorithm?: SpecRequest['signatureAlgorithm'];
  } = {},
): Promise<SpecCertificate> {
  const {
    now = NOW,
    serial = 1,
    privateKey = ecKey('P-256'),
    signatureAlgorithm = 'ecdsaWithSHA256',
    publicationPoints = PUBLICATION_POINTS,
  } = o;
  const profile = o.profile ?? profileByName(profileName);
  const template = compileTemplate({ profile, issuer, publicationPoints, assurancePolicy: o.assurancePolicy });
  const signed = await signCertificate({
    template,
    request: checkCertificationRequest(specRequest(privateKey, { signatureAlgorithm }), profile),
    names: encodeCertificateNames(profile, fields),
    validity: validityFor(profile, issuer.certificate, now),
    serialNumber: Uint8Array.of(0x54, 0, 0, 0, 17, 0, 0, serial, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4),
    now,
  });
  return { ...signed, privateKey };
}
