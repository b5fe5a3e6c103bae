import { DerError, DerReader, encodeSequence, equalBytes, MAX_TIME, Oid, Tag } from '@touchmark/der';
import {
  type Certificate,
  keyIdentifier,
  parseAuthorityInfoAccess,
  parseAuthorityKeyIdentifier,
  parseBasicConstraints,
  parseCertificate,
  parseCertificatePolicies,
  parseCRLDistributionPoints,
  parseExtKeyUsage,
  parseKeyUsage,
  parseSubjectKeyIdentifier,
  parseSubjectPublicKeyInfo,
  X509Error,
} from '@touchmark/x509';

import type { CertificateFields } from './certificate-names.js';
import { IssuanceError } from './issuance-error.js';
import type { Issuer } from './issuer.js';
import { checkKey } from './key-policy.js';
import { unexpectedSubjectAltName } from './lint-names.js';
import type { Profile } from './profile.js';
import type { PublicationPoints } from './template.js';

/** What a TBSCertificate is held against. None of it is the encoding that the template made. */
export interface LintSubject {
  readonly profile: Profile;
  readonly issuer: Issuer;
  readonly publicationPoints: PublicationPoints;
  readonly assurancePolicy: string | undefined;
  readonly fields: CertificateFields;
  /** Of the checked request, DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly serialNumber: Uint8Array;
  /** UTC seconds at which it is being issued. */
  readonly now: number;
}

type Rule = (certificate: Certificate, subject: LintSubject) => boolean;

// An unsigned TBS is read as the certificate that it will become, so that the reader's own strictness judges it too.
const EMPTY_SIGNATURE = Uint8Array.of(0x03, 0x01, 0x00);

const CRITICAL: ReadonlySet<string> = new Set([Oid.basicConstraints, Oid.keyUsage]);

// Each rule answers whether the certificate keeps it; its name is what a person reads when it does not.
const RULES: Readonly<Record<string, Rule>> = {
  'version is 3': ({ version }) => version === 3,
  'serialNumber is the seat of this certificate, 16 octets, positive': ({ serialNumber }, subject) =>
    serialNumber.length === 16 && (serialNumber[0] ?? 0x80) < 0x80 && equalBytes(serialNumber, subject.serialNumber),
  'issuer is the subject of the issuing CA': ({ issuer }, subject) =>
    equalBytes(issuer, subject.issuer.certificate.subject),
  'validity is within the issuer and the profile': (certificate, subject) => keepsValidity(certificate, subject),
  'subject is what the profile makes of the fields': ({ subject: name }, subject) => keepsSubject(name, subject),
  'subjectPublicKeyInfo is the one of the request': ({ subjectPublicKeyInfo }, subject) =>
    equalBytes(subjectPublicKeyInfo, subject.subjectPublicKeyInfo),
  'subjectPublicKeyInfo is a key that the profile takes': ({ subjectPublicKeyInfo }, { profile }) =>
    keepsKeyPolicy(subjectPublicKeyInfo, profile),
  'extensions are those of the profile, critical where they must be and nowhere else': ({ extensions }, subject) => {
    const expected = expectedExtensions(subject);
    return (
      extensions.size === expected.length &&
      expected.every((oid) => extensions.get(oid)?.critical === CRITICAL.has(oid))
    );
  },
  'basicConstraints says that it is no CA': (certificate) =>
    !parseBasicConstraints(extension(certificate, Oid.basicConstraints)).cA,
  'keyUsage is digitalSignature': (certificate) => {
    const usages = parseKeyUsage(extension(certificate, Oid.keyUsage));
    return usages.size === 1 && usages.has('digitalSignature');
  },
  'extKeyUsage is what the profile says': (certificate, { profile }) =>
    profile.extKeyUsage.length === 0 ||
    isSameSet(
      parseExtKeyUsage(extension(certificate, Oid.extKeyUsage)),
      profile.extKeyUsage.map((purpose) => Oid[purpose]),
    ),
  'authorityKeyIdentifier is the subjectKeyIdentifier of the issuer': (certificate, { issuer }) => {
    const authority = parseAuthorityKeyIdentifier(extension(certificate, Oid.authorityKeyIdentifier));
    const own = issuer.certificate.extensions.get(Oid.subjectKeyIdentifier)?.value;
    const { keyIdentifier: found, authorityCertIssuer } = authority;
    return (
      found !== undefined &&
      own !== undefined &&
      authorityCertIssuer === undefined &&
      equalBytes(found, parseSubjectKeyIdentifier(own))
    );
  },
  'subjectKeyIdentifier is made by RFC 7093 method 1': (certificate) =>
    equalBytes(
      parseSubjectKeyIdentifier(extension(certificate, Oid.subjectKeyIdentifier)),
      keyIdentifier(parseSubjectPublicKeyInfo(certificate.subjectPublicKeyInfo)),
    ),
  'subjectAltName is what the profile makes of the fields': (certificate, { profile, fields }) =>
    unexpectedSubjectAltName(certificate.extensions.get(Oid.subjectAltName)?.value, profile, fields) === undefined,
  'cRLDistributionPoints is the URI of the list': (certificate, { profile, publicationPoints }) =>
    profile.publicationPoints !== 'all' || keepsDistributionPoint(certificate, publicationPoints.crl),
  'authorityInfoAccess is the URIs of the list': (certificate, { profile, publicationPoints }) => {
    const access = parseAuthorityInfoAccess(extension(certificate, Oid.authorityInfoAccess));
    const ocsp = profile.publicationPoints === 'all' ? [publicationPoints.ocsp] : [];
    return isSameList(access.ocsp, ocsp) && isSameList(access.caIssuers, [publicationPoints.caIssuers]);
  },
  'certificatePolicies is the assurance policy': (certificate, { assurancePolicy }) =>
    assurancePolicy === undefined ||
    isSameSet(parseCertificatePolicies(extension(certificate, Oid.certificatePolicies)), [assurancePolicy]),
};

const NAMED_RULES = Object.entries(RULES);

/**
 * Judges a TBSCertificate (DER) before it is signed, by reading it back with libs/x509.
 * Throws IssuanceError LINT_FAILED with every rule that it breaks.
 */
export function lintTbsCertificate(tbsCertificate: Uint8Array, subject: LintSubject): void {
  const certificate = readUnsigned(tbsCertificate, subject.issuer);
  const findings: string[] = [];
  for (const [name, keeps] of NAMED_RULES) {
    if (!isKept(keeps, certificate, subject)) findings.push(name);
  }
  if (findings.length > 0) throw new IssuanceError('LINT_FAILED', { findings });
}

function readUnsigned(tbsCertificate: Uint8Array, issuer: Issuer): Certificate {
  try {
    return parseCertificate(encodeSequence(tbsCertificate, issuer.signatureAlgorithm, EMPTY_SIGNATURE));
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new IssuanceError('LINT_FAILED', { findings: [`the encoding can be read (${cause.code})`] }, { cause });
  }
}

// An extension that cannot be read, or is not there, breaks the rule that reads it.
function isKept(keeps: Rule, certificate: Certificate, subject: LintSubject): boolean {
  try {
    return keeps(certificate, subject);
  } catch (error) {
    if (error instanceof X509Error || error instanceof DerError || error instanceof IssuanceError) return false;
    throw error;
  }
}

function extension(certificate: Certificate, oid: string): Uint8Array {
  const found = certificate.extensions.get(oid);
  if (found === undefined) throw new X509Error('EXTENSION_MALFORMED', { oid });
  return found.value;
}

function expectedExtensions({ profile, assurancePolicy }: LintSubject): readonly string[] {
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

function keepsValidity({ notBefore, notAfter }: Certificate, { profile, issuer, now }: LintSubject): boolean {
  const within = issuer.certificate.notBefore <= notBefore && notAfter <= issuer.certificate.notAfter;
  const current = notBefore <= now && now - profile.backdate <= notBefore && now < notAfter;
  const { validity } = profile;
  const length =
    validity.kind === 'never' ? notAfter === MAX_TIME : notAfter < MAX_TIME && notAfter - now <= validity.longest;
  return within && current && length;
}

// One attribute in each RDN, in the order of the profile. Read by hand, because this is asked of every certificate.
function keepsSubject(der: Uint8Array, { profile, fields }: LintSubject): boolean {
  const name = new DerReader(der).read(Tag.SEQUENCE);
  for (const { type, from } of profile.subject) {
    const expected = from === 'firstName' ? (fields.dnsNames?.[0] ?? fields.ipAddresses?.[0]) : fields[from];
    const rdn = name.read(Tag.SET);
    const attribute = rdn.read(Tag.SEQUENCE);
    rdn.end();
    if (attribute.readOid() !== Oid[type] || attribute.readString() !== expected) return false;
    attribute.end();
  }
  return name.done;
}

function keepsKeyPolicy(subjectPublicKeyInfo: Uint8Array, profile: Profile): boolean {
  checkKey(parseSubjectPublicKeyInfo(subjectPublicKeyInfo), profile.keys);
  return true;
}

function keepsDistributionPoint(certificate: Certificate, uri: string): boolean {
  const points = parseCRLDistributionPoints(extension(certificate, Oid.cRLDistributionPoints));
  const [point] = points;
  const [name] = point?.fullName ?? [];
  return (
    points.length === 1 &&
    point?.fullName?.length === 1 &&
    !point.onlySomeReasons &&
    point.cRLIssuer === undefined &&
    name?.kind === 'uniformResourceIdentifier' &&
    name.value === uri
  );
}

function isSameSet(found: ReadonlySet<string>, expected: readonly string[]): boolean {
  return found.size === expected.length && expected.every((value) => found.has(value));
}

function isSameList(found: readonly string[], expected: readonly string[]): boolean {
  return found.length === expected.length && expected.every((value, index) => found[index] === value);
}
