import type { CaRefusal } from './refusal.js';
import type { DeviceIdentity, HardwareDescription } from './identity.js';

/** Profiles that the enrollment process may ask for; all other profiles are made by the CA's own commands. */
export type DeviceProfile = 'idevid' | 'ldevid';

/** What an enrollment policy asks of the certificates it governs; the CA bounds each value by its profile. */
export interface IssueTerms {
  /** Id of the enrollment policy, kept with the credential. */
  readonly policy: string;
  /** Lifetime in seconds; absent: the profile's. Ignored by profiles that never expire. */
  readonly lifetime?: number;
  /** On a LINEAGE_FORK the device is suspended as well as refused. */
  readonly suspendOnFork?: boolean;
  /** A replaced certificate is revoked (superseded) once its successor was seen. */
  readonly revokeReplaced?: boolean;
  /** The subject and SAN carry an opaque device id instead of the deviceSerial. */
  readonly pseudonymous?: boolean;
}

/**
 * On what a certificate is asked for: a warrant opened before (a batch, a token), or a certificate of ours that the
 * device presented over mutual TLS (DER; the caller has verified its path, the CA checks its credential).
 */
export type IssueEvidence =
  | { readonly kind: 'warrant'; readonly warrantId: string }
  | { readonly kind: 'credential'; readonly certificate: Uint8Array };

export interface IssueRequest {
  readonly identity: DeviceIdentity;
  readonly profile: DeviceProfile;
  readonly hardware?: HardwareDescription;
  /** PKCS#10 CertificationRequest, DER. */
  readonly csr: Uint8Array;
  /** simplereenroll: subject and SAN of the CSR must equal the presented certificate's (RFC 7030 section 4.2.2). */
  readonly reenroll?: boolean;
  readonly evidence: IssueEvidence;
  readonly terms: IssueTerms;
}

export interface IssuedCertificate {
  readonly ok: true;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
  readonly serialNumber: Uint8Array;
  readonly deviceRef: string;
  readonly credentialId: string;
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
  /** UTC seconds at which the renewal window opens; absent: never. */
  readonly renewAfter?: number;
  /** True where an earlier certificate for the same device, key and profile was returned (rule 3). */
  readonly repeated: boolean;
}

export type IssueOutcome = IssuedCertificate | CaRefusal;
