import { encodeNull, equalBytes, Oid } from '@touchmark/der';
import {
  type Certificate,
  keyIdentifier,
  parseAuthorityInfoAccess,
  parseAuthorityKeyIdentifier,
  parseBasicConstraints,
  parseCertificatePolicies,
  parseCRLDistributionPoints,
  parseExtKeyUsage,
  parseSubjectKeyIdentifier,
  parseSubjectPublicKeyInfo,
} from '@touchmark/x509';

import { unexpectedSubjectAltName } from './lint-names.js';
import type { Profile } from './profile.js';
import type { CertificateFacts, TemplateFacts } from './template-facts.js';

type TemplateRule = (value: Uint8Array, facts: TemplateFacts) => boolean;
type CertificateRule = (
  value: Uint8Array,
  facts: TemplateFacts & CertificateFacts,
  certificate: Certificate,
) => boolean;

/** Extensions that must be critical; every other one must not. */
export const CRITICAL_EXTENSIONS: ReadonlySet<string> = new Set([Oid.basicConstraints, Oid.keyUsage]);

// BIT STRING, 7 unused bits, the first one set.
const DIGITAL_SIGNATURE = Uint8Array.of(0x03, 0x02, 0x07, 0x80);

/** The extensions that a certificate has, no more and no less, by dotted OID. */
export function expectedExtensions(profile: Profile, assurancePolicy: string | undefined): readonly string[] {
  return [
    Oid.basicConstraints,
    Oid.keyUsage,
    Oid.authorityKeyIdentifier,
    Oid.subjectKeyIdentifier,
    Oid.authorityInfoAccess,
    ...(profile.publicationPoints === 'all' ? [Oid.cRLDistributionPoints] : []),
    ...(profile.extKeyUsage.length > 0 ? [Oid.extKeyUsage] : []),
    ...(profile.subjectAltName.length > 0 ? [Oid.subjectAltName] : []),
    ...(profile.ocspNocheck ? [Oid.ocspNocheck] : []),
    ...(assurancePolicy === undefined ? [] : [Oid.certificatePolicies]),
  ];
}

/** Rules whose answer depends on the value and the template alone. */
export const TEMPLATE_RULES: ReadonlyMap<string, TemplateRule> = new Map<string, TemplateRule>([
  [Oid.basicConstraints, (value) => !parseBasicConstraints(value).cA],
  // By its octets: the reader tolerates the trailing zero bits that X.690 11.2.2 forbids and we must not write.
  [Oid.keyUsage, (value) => equalBytes(value, DIGITAL_SIGNATURE)],
  [
    Oid.extKeyUsage,
    (value, { profile }) =>
      isSameSet(
        parseExtKeyUsage(value),
        profile.extKeyUsage.map((purpose) => Oid[purpose]),
      ),
  ],
  [Oid.authorityKeyIdentifier, keepsAuthorityKeyIdentifier],
  [Oid.cRLDistributionPoints, keepsDistributionPoints],
  [
    Oid.authorityInfoAccess,
    (value, { profile, publicationPoints }) => {
      const access = parseAuthorityInfoAccess(value);
      const ocsp = profile.publicationPoints === 'all' ? [publicationPoints.ocsp] : [];
      return isSameList(access.ocsp, ocsp) && isSameList(access.caIssuers, [publicationPoints.caIssuers]);
    },
  ],
  [Oid.ocspNocheck, (value) => equalBytes(value, encodeNull())],
  [
    Oid.certificatePolicies,
    (value, { assurancePolicy }) =>
      assurancePolicy !== undefined && isSameSet(parseCertificatePolicies(value), [assurancePolicy]),
  ],
]);

/** Rules whose answer differs from one certificate to the next. */
export const CERTIFICATE_RULES: ReadonlyMap<string, CertificateRule> = new Map<string, CertificateRule>([
  [
    // RFC 7093 section 2 method 1.
    Oid.subjectKeyIdentifier,
    (value, _facts, { subjectPublicKeyInfo }) =>
      equalBytes(parseSubjectKeyIdentifier(value), keyIdentifier(parseSubjectPublicKeyInfo(subjectPublicKeyInfo))),
  ],
  [Oid.subjectAltName, (value, { profile, fields }) => unexpectedSubjectAltName(value, profile, fields) === undefined],
]);

function keepsAuthorityKeyIdentifier(value: Uint8Array, { issuer }: TemplateFacts): boolean {
  const { keyIdentifier: found, authorityCertIssuer } = parseAuthorityKeyIdentifier(value);
  const own = issuer.certificate.extensions.get(Oid.subjectKeyIdentifier)?.value;
  return (
    found !== undefined &&
    own !== undefined &&
    authorityCertIssuer === undefined &&
    equalBytes(found, parseSubjectKeyIdentifier(own))
  );
}

// One point, one name, all reasons: the URI of the list.
function keepsDistributionPoints(value: Uint8Array, { publicationPoints }: TemplateFacts): boolean {
  const points = parseCRLDistributionPoints(value);
  const [point] = points;
  const [name] = point?.fullName ?? [];
  return (
    points.length === 1 &&
    point?.fullName?.length === 1 &&
    !point.onlySomeReasons &&
    point.cRLIssuer === undefined &&
    name?.kind === 'uniformResourceIdentifier' &&
    name.value === publicationPoints.crl
  );
}

function isSameSet(found: ReadonlySet<string>, expected: readonly string[]): boolean {
  return found.size === expected.length && expected.every((value) => found.has(value));
}

function isSameList(found: readonly string[], expected: readonly string[]): boolean {
  return found.length === expected.length && expected.every((value, index) => found[index] === value);
}
