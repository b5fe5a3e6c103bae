import type { CertificateFields } from './certificate-names.js';
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

/** What all certificates of one (profile, issuer, status list, assurance) share. The template encodes it, lint reads it back. */
export interface TemplateFacts {
  readonly profile: Profile;
  readonly issuer: Issuer;
  readonly publicationPoints: PublicationPoints;
  /** Dotted OID of the one assurance policy, where an operator configured it. */
  readonly assurancePolicy: string | undefined;
}

/** What one certificate is held against. None of it is an encoding that the template made. */
export interface CertificateFacts extends Validity {
  readonly fields: CertificateFields;
  /** Of the checked request, DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly serialNumber: Uint8Array;
  /** UTC seconds at which it is being issued. */
  readonly now: number;
}
