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

import type { CertificateNames } from './certificate-names.js';
import type { Issuer } from './issuer.js';
import type { Profile } from './profile.js';
import type { Validity } from './validity.js';

/** URIs burnt into the certificates of one status list, fixed when the list opens. */
export interface PublicationPoints {
  /** Of the list's CRL; the CRL's issuingDistributionPoint says the same, octet for octet. */
  readonly crl: string;
  readonly ocsp: string;
  readonly caIssuers: string;
}

/** What is the same for all certificates of one (profile, issuer, status list), and the DER that says it. */
export interface CertificateTemplate {
  readonly profile: Profile;
  readonly issuer: Issuer;
  readonly publicationPoints: PublicationPoints;
  /** Dotted OID of the one assurance policy, where an operator configured it. */
  readonly assurancePolicy: string | undefined;
  /** signature and issuer, which stand between serialNumber and validity. */
  readonly signatureAndIssuer: Uint8Array;
  /** Every extension but subjectKeyIdentifier and subjectAltName. */
  readonly fixedExtensions: Uint8Array;
  readonly times: EncodedTimes;
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

/** Encodes once what every certificate of a (profile, issuer, status list) shares. */
export function compileTemplate(o: {
  profile: Profile;
  issuer: Issuer;
  publicationPoints: PublicationPoints;
  assurancePolicy?: string;
}): CertificateTemplate {
  const { profile, issuer, publicationPoints, assurancePolicy } = o;
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
  return {
    profile,
    issuer,
    publicationPoints,
    assurancePolicy,
    signatureAndIssuer: concatBytes(issuer.signatureAlgorithm, issuer.certificate.subject),
    fixedExtensions: concatBytes(...extensions),
    times: new EncodedTimes(),
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
    encodeSequence(template.times.encode(content.notBefore), template.times.encode(content.notAfter)),
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

/** Certificates made within one second share their dates. */
class EncodedTimes {
  private readonly known = new Map<number, Uint8Array>();

  encode(seconds: number): Uint8Array {
    let element = this.known.get(seconds);
    if (element === undefined) {
      if (this.known.size >= 16) this.known.clear();
      element = encodeTime(seconds);
      this.known.set(seconds, element);
    }
    return element;
  }
}

function optional(present: boolean, encode: () => Uint8Array): Uint8Array[] {
  return present ? [encode()] : [];
}
