import {
  AuthorityInfoAccessExtension,
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CertificatePolicyExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from '@peculiar/x509';
import { equalBytes, Oid, toHex } from '@touchmark/der';
import { type Certificate, keyIdentifier, parseSubjectKeyIdentifier, parseSubjectPublicKeyInfo } from '@touchmark/x509';

import type { Issuer } from './issuer.js';
import { keepsSubjectAltName } from './lint-names.js';
import type { CertificateFacts, TemplateFacts } from './template-facts.js';

/** An extension as a certificate must have it. */
export interface ExpectedExtension {
  readonly critical: boolean;
  /** extnValue, the same octets in every certificate of a template; or the rule of one that differs from each to the next. */
  readonly value: Uint8Array | CertificateRule;
}

type CertificateRule = (
  value: Uint8Array,
  facts: TemplateFacts & CertificateFacts,
  certificate: Certificate,
) => boolean;

/**
 * The extensions that a certificate has, no more and no less, by dotted OID. @peculiar/x509 writes them once for each template,
 * from the facts alone: a reader tolerates what others write (a purpose twice, a policy qualifier, an access method that it
 * does not know), octets that must be equal leave no room for it.
 */
export function expectedExtensions(facts: TemplateFacts): ReadonlyMap<string, ExpectedExtension> {
  return new Map<string, ExpectedExtension>([
    ...fixedExtensions(facts).map(
      ({ type, critical, value }) => [type, { critical, value: new Uint8Array(value) }] as const,
    ),
    [Oid.subjectKeyIdentifier, { critical: false, value: keepsSubjectKeyIdentifier }],
    ...(facts.profile.subjectAltName.length === 0
      ? []
      : [[Oid.subjectAltName, { critical: false, value: keepsSubjectAltName }] as const]),
  ]);
}

function fixedExtensions({ profile, issuer, publicationPoints, assurancePolicy }: TemplateFacts): Extension[] {
  const { crl, ocsp, caIssuers } = publicationPoints;
  const full = profile.publicationPoints === 'all';
  const purposes = new Set(profile.extKeyUsage.map((purpose) => Oid[purpose]));
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    ...(purposes.size > 0 ? [new ExtendedKeyUsageExtension([...purposes])] : []),
    new AuthorityKeyIdentifierExtension(subjectKeyIdentifierOf(issuer)),
    ...(full ? [new CRLDistributionPointsExtension([crl])] : []),
    new AuthorityInfoAccessExtension({ ...(full && { ocsp }), caIssuers }),
    // NULL.
    ...(profile.ocspNocheck ? [new Extension(Oid.ocspNocheck, false, Uint8Array.of(0x05, 0x00))] : []),
    ...(assurancePolicy === undefined ? [] : [new CertificatePolicyExtension([assurancePolicy])]),
  ];
}

// From the CA's certificate: the template takes it from what was read of that.
function subjectKeyIdentifierOf({ certificate }: Issuer): string {
  const value = certificate.extensions.get(Oid.subjectKeyIdentifier)?.value;
  if (value === undefined) throw new TypeError('the issuer has no subjectKeyIdentifier');
  return toHex(parseSubjectKeyIdentifier(value));
}

// RFC 7093 section 2 method 1.
function keepsSubjectKeyIdentifier(
  value: Uint8Array,
  _facts: TemplateFacts,
  { subjectPublicKeyInfo }: Certificate,
): boolean {
  return equalBytes(parseSubjectKeyIdentifier(value), keyIdentifier(parseSubjectPublicKeyInfo(subjectPublicKeyInfo)));
}
