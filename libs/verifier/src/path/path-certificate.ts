import type { KeyObject } from 'node:crypto';

import { equalBytes, Oid } from '@touchmark/der';
import {
  type BasicConstraints,
  type Certificate,
  type CertificateParsingOptions,
  type DistributionPoint,
  type GeneralName,
  importPublicKey,
  type KeyUsage,
  parseAuthorityKeyIdentifier,
  parseBasicConstraints,
  parseCertificatePolicies,
  parseCertificate,
  parseCRLDistributionPoints,
  parseExtKeyUsage,
  parseInhibitAnyPolicy,
  parseKeyUsage,
  parseNoRevAvail,
  parsePolicyConstraints,
  parsePolicyMappings,
  parseSubjectAltName,
  parseSubjectKeyIdentifier,
  parseSubjectPublicKeyInfo,
  type PolicyConstraints,
  type PolicyMappings,
  spkiSha256,
  type SubjectPublicKeyInfo,
  X509Error,
} from '@touchmark/x509';

import { VerifierError } from '../error.js';
import { nameKey } from './name-key.js';
import { type NameSpace, readNameSpace } from './name-constraints/name-space.js';

/** A certificate with all that path validation looks at already read. What takes longer waits until it is needed. */
export class PathCertificate {
  readonly certificate: Certificate;
  readonly key: SubjectPublicKeyInfo;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  readonly extKeyUsage: ReadonlySet<string> | undefined;
  readonly subjectAltName: readonly GeneralName[] | undefined;
  readonly nameSpace: NameSpace | undefined;
  readonly certificatePolicies: ReadonlySet<string> | undefined;
  readonly policyMappings: PolicyMappings | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  readonly inhibitAnyPolicy: number | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** keyIdentifier of authorityKeyIdentifier. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** authorityCertIssuer and authorityCertSerialNumber of authorityKeyIdentifier. */
  readonly authorityCert: { readonly issuer: readonly GeneralName[]; readonly serialNumber: Uint8Array } | undefined;
  readonly crlDistributionPoints: readonly DistributionPoint[] | undefined;
  /** The issuer publishes nothing about its revocation (RFC 9608). */
  readonly noRevAvail: boolean;
  /** Issuers whose key was found to have signed this certificate: true for ever, so never asked twice. */
  readonly signedBy = new WeakSet<PathCertificate>();
  private subjectKeyMemo: string | undefined;
  private issuerKeyMemo: string | undefined;
  private authorityCertIssuersMemo: ReadonlySet<string> | undefined;
  private keyObjectMemo: KeyObject | undefined;
  private keyHashMemo: Uint8Array | undefined;

  /** Throws X509Error if a key or an extension is not what its RFC says. */
  constructor(certificate: Certificate) {
    this.certificate = certificate;
    this.key = parseSubjectPublicKeyInfo(certificate.subjectPublicKeyInfo);
    this.basicConstraints = read(certificate, Oid.basicConstraints, parseBasicConstraints);
    this.keyUsage = read(certificate, Oid.keyUsage, parseKeyUsage);
    this.extKeyUsage = read(certificate, Oid.extKeyUsage, parseExtKeyUsage);
    this.subjectAltName = read(certificate, Oid.subjectAltName, parseSubjectAltName);
    this.nameSpace = read(certificate, Oid.nameConstraints, readNameSpace);
    this.certificatePolicies = read(certificate, Oid.certificatePolicies, parseCertificatePolicies);
    this.policyMappings = read(certificate, Oid.policyMappings, parsePolicyMappings);
    this.policyConstraints = read(certificate, Oid.policyConstraints, parsePolicyConstraints);
    this.inhibitAnyPolicy = read(certificate, Oid.inhibitAnyPolicy, parseInhibitAnyPolicy);
    this.subjectKeyIdentifier = read(certificate, Oid.subjectKeyIdentifier, parseSubjectKeyIdentifier);
    const authority = read(certificate, Oid.authorityKeyIdentifier, parseAuthorityKeyIdentifier);
    this.authorityKeyIdentifier = authority?.keyIdentifier;
    const { authorityCertIssuer: issuer, authorityCertSerialNumber: serialNumber } = authority ?? {};
    this.authorityCert = issuer === undefined || serialNumber === undefined ? undefined : { issuer, serialNumber };
    this.crlDistributionPoints = read(certificate, Oid.cRLDistributionPoints, parseCRLDistributionPoints);
    this.noRevAvail = read(certificate, Oid.noRevAvail, parseNoRevAvail) !== undefined;
  }

  /** Issuer and subject are the same name (RFC 5280 3.2). */
  get selfIssued(): boolean {
    const { issuer, subject } = this.certificate;
    return equalBytes(issuer, subject) || this.issuerKey === this.subjectKey;
  }

  /** `nameKey` of the subject. Names are compared at every step of a search, and prepared for that once. */
  get subjectKey(): string {
    return (this.subjectKeyMemo ??= nameKey(this.certificate.subject));
  }

  /** `nameKey` of the issuer. */
  get issuerKey(): string {
    return (this.issuerKeyMemo ??= nameKey(this.certificate.issuer));
  }

  /** `nameKey` of each directoryName in authorityCertIssuer. */
  get authorityCertIssuerKeys(): ReadonlySet<string> {
    return (this.authorityCertIssuersMemo ??= new Set(
      this.authorityCert?.issuer.flatMap((name) => (name.kind === 'directoryName' ? [nameKey(name.value)] : [])),
    ));
  }

  get keyObject(): KeyObject {
    return (this.keyObjectMemo ??= importPublicKey(this.certificate.subjectPublicKeyInfo));
  }

  get spkiSha256(): Uint8Array {
    return (this.keyHashMemo ??= spkiSha256(this.certificate.subjectPublicKeyInfo));
  }
}

// Trust anchors and known CAs come again with every verification: what was read of them, and that their signatures are good, is
// kept as long as the caller keeps them.
const known = new WeakMap<Certificate, PathCertificate>();

/** For certificates that the caller keeps; throws X509Error. */
export function knownPathCertificate(certificate: Certificate): PathCertificate {
  let found = known.get(certificate);
  if (found === undefined) {
    found = new PathCertificate(certificate);
    known.set(certificate, found);
  }
  return found;
}

/** Reads presented octets; throws VerifierError CERTIFICATE_MALFORMED with the X509Error as cause. */
export function readPathCertificate(
  der: Uint8Array,
  depth: number,
  options?: CertificateParsingOptions,
): PathCertificate {
  try {
    return new PathCertificate(parseCertificate(der, options));
  } catch (error) {
    if (error instanceof X509Error) throw new VerifierError({ code: 'CERTIFICATE_MALFORMED', depth }, error);
    throw error;
  }
}

function read<T>(certificate: Certificate, oid: string, parse: (value: Uint8Array) => T): T | undefined {
  const extension = certificate.extensions.get(oid);
  return extension === undefined ? undefined : parse(extension.value);
}
