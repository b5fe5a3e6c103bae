import {
  concatBytes,
  contextTag,
  encodeExplicit,
  encodeInteger,
  encodeLength,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
  Tag,
} from '@touchmark/der';
import {
  encodeAuthorityInfoAccess,
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeCertificatePolicies,
  encodeCRLDistributionPoints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeOcspNocheck,
  encodeSubjectKeyIdentifier,
  keyIdentifier,
  type SubjectPublicKeyInfo,
} from '@touchmark/x509';

import { BoundedMemo } from './bounded-memo.js';
import type { CertificateNames } from './certificate-names.js';
import { CertificateLint } from './lint.js';
import { parseProfile } from './profile.js';
import type { TemplateFacts } from './template-facts.js';
import type { Validity } from './validity.js';

/** The DER that says what is the same for all certificates of one (profile, issuer, status list, assurance). */
export interface CertificateTemplate extends TemplateFacts {
  /** signature and issuer, which stand between serialNumber and validity. */
  readonly signatureAndIssuer: Uint8Array;
  /** Every extension but subjectKeyIdentifier and subjectAltName. */
  readonly fixedExtensions: Uint8Array;
  /** Judges what the template makes, from the same facts and by other code. */
  readonly lint: CertificateLint;
}

/** What differs from one certificate to the next. */
export interface CertificateContent extends Validity {
  /** Big-endian, 16 octets, as the seat makes it. */
  readonly serialNumber: Uint8Array;
  readonly names: CertificateNames;
  readonly key: SubjectPublicKeyInfo;
}

// version [0] EXPLICIT INTEGER { v3(2) }.
const VERSION_3 = encodeExplicit(0, encodeSmallInteger(2));

/**
 * Encodes once what every certificate of a (profile, issuer, status list) shares, from a frozen copy of the profile.
 * Throws IssuanceError PROFILE_INVALID.
 */
export function compileTemplate(
  shared: Omit<TemplateFacts, 'assurancePolicy'> & Partial<TemplateFacts>,
): CertificateTemplate {
  const { issuer, publicationPoints, assurancePolicy } = shared;
  const profile = parseProfile(shared.profile);
  const { crl, ocsp, caIssuers } = publicationPoints;
  const full = profile.publicationPoints === 'all';
  const extensions = [
    encodeExtension(Oid.basicConstraints, true, encodeBasicConstraints({ cA: false })),
    encodeExtension(Oid.keyUsage, true, encodeKeyUsage(['digitalSignature'])),
    // Not critical: who checks purposes does so either way, and old clients refuse what they need not know.
    ...optional(profile.extKeyUsage.length > 0, () =>
      encodeExtension(Oid.extKeyUsage, false, encodeExtKeyUsage(profile.extKeyUsage.map((purpose) => Oid[purpose]))),
    ),
    encodeExtension(Oid.authorityKeyIdentifier, false, encodeAuthorityKeyIdentifier(issuer.keyIdentifier)),
    ...optional(full, () => encodeExtension(Oid.cRLDistributionPoints, false, encodeCRLDistributionPoints([crl]))),
    encodeExtension(
      Oid.authorityInfoAccess,
      false,
      encodeAuthorityInfoAccess({ ocsp: full ? [ocsp] : [], caIssuers: [caIssuers] }),
    ),
    ...optional(profile.ocspNocheck, () => encodeExtension(Oid.ocspNocheck, false, encodeOcspNocheck())),
    ...(assurancePolicy === undefined
      ? []
      : [encodeExtension(Oid.certificatePolicies, false, encodeCertificatePolicies([assurancePolicy]))]),
  ];
  const facts = { profile, issuer, publicationPoints, assurancePolicy };
  return {
    ...facts,
    lint: new CertificateLint(facts),
    signatureAndIssuer: concatBytes(issuer.signatureAlgorithm, issuer.certificate.subject),
    fixedExtensions: concatBytes(...extensions),
  };
}

/** TBSCertificate (RFC 5280 4.1.2), DER: the template with this certificate's parts spliced in. Nothing is judged here. */
export function buildTbsCertificate(template: CertificateTemplate, content: CertificateContent): Uint8Array {
  const { names, key } = content;
  const subjectKeyIdentifier = keyIdentifier(key);
  const subjectAltName = names.subjectAltName ?? NOTHING;
  const altNameStart = names.subjectAltName === undefined ? NOTHING : startOfAltName(subjectAltName.length);
  // Lengths first, then everything in one element: the nested way copies each octet four times.
  const extensionsLength =
    template.fixedExtensions.length +
    KEY_IDENTIFIER_START.length +
    subjectKeyIdentifier.length +
    altNameStart.length +
    subjectAltName.length;
  const extensionsStart = start(Tag.SEQUENCE, extensionsLength);
  return encodeSequence(
    VERSION_3,
    encodeInteger(content.serialNumber),
    template.signatureAndIssuer,
    encodeSequence(times.get(content.notBefore), times.get(content.notAfter)),
    names.subject,
    key.der,
    start(contextTag(3, true), extensionsStart.length + extensionsLength),
    extensionsStart,
    template.fixedExtensions,
    KEY_IDENTIFIER_START,
    subjectKeyIdentifier,
    altNameStart,
    subjectAltName,
  );
}

const NOTHING = new Uint8Array(0);
const KEY_IDENTIFIER_LENGTH = 20;

// A subjectKeyIdentifier extension up to the 20 octets that differ.
const KEY_IDENTIFIER_START = encodeExtension(
  Oid.subjectKeyIdentifier,
  false,
  encodeSubjectKeyIdentifier(new Uint8Array(KEY_IDENTIFIER_LENGTH)),
).subarray(0, -KEY_IDENTIFIER_LENGTH);

const SUBJECT_ALT_NAME = encodeOid(Oid.subjectAltName);

// A subjectAltName extension up to its value.
function startOfAltName(length: number): Uint8Array {
  const valueStart = start(Tag.OCTET_STRING, length);
  const contentsLength = SUBJECT_ALT_NAME.length + valueStart.length + length;
  return concatBytes(start(Tag.SEQUENCE, contentsLength), SUBJECT_ALT_NAME, valueStart);
}

function start(tag: number, length: number): Uint8Array {
  return concatBytes(Uint8Array.of(tag), encodeLength(length));
}

// Certificates made within one second share their dates.
const times = new BoundedMemo(64, encodeTime);

function optional(present: boolean, encode: () => Uint8Array): Uint8Array[] {
  return present ? [encode()] : [];
}
