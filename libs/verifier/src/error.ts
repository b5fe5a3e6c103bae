import type { Floor, ReasonCode } from '@touchmark/x509';

import type { NameKind } from './path/name-constraints/certificate-names.js';
import type { Profile, ProfileRule } from './path/profiles/profile.js';
import type { UnknownReason, UnknownWhy } from './revocation/finding.js';

/**
 * Why a certification path was not accepted, with what a person needs to act on it. `depth` counts from the end entity (0)
 * towards the trust anchor. Times are UTC seconds.
 */
export type VerifierErrorDetail =
  /** No certificate was presented. */
  | { readonly code: 'CERTIFICATE_MISSING' }
  /** More than 10 certificates, 16 KiB in one or 64 KiB in all were presented. */
  | { readonly code: 'CHAIN_TOO_LARGE' }
  /** Octets that are no certificate, or an extension whose contents are not what its RFC says. */
  | { readonly code: 'CERTIFICATE_MALFORMED'; readonly depth: number }
  /** No trust anchor and no known CA has the name of the certificate's issuer. */
  | { readonly code: 'UNKNOWN_ISSUER'; readonly depth: number }
  /** The issuer's name is known, but its key did not sign this. */
  | { readonly code: 'BAD_SIGNATURE'; readonly depth: number }
  /** SHA-1 and other algorithms that we never accept, or one that does not fit the issuer's key; `floor` is what it falls short of. */
  | {
      readonly code: 'SIGNATURE_ALGORITHM_REFUSED';
      readonly depth: number;
      readonly oid: string;
      readonly floor: Floor;
    }
  /** A key of a kind or size that we do not accept; `floor` is what it falls short of. */
  | { readonly code: 'KEY_REFUSED'; readonly depth: number; readonly floor: Floor }
  /** An algorithm that we accept, in a runtime whose OpenSSL lacks it: ML-DSA before OpenSSL 3.5. `depth` is of the key. */
  | { readonly code: 'ALGORITHM_UNSUPPORTED'; readonly depth: number; readonly oid: string }
  /** A critical extension that we do not process, or name constraints in what is no CA; `oid` says which. */
  | { readonly code: 'EXTENSION_UNSUPPORTED'; readonly depth: number; readonly oid: string }
  /** An empty subject without a critical subjectAltName (RFC 5280 4.1.2.6). */
  | { readonly code: 'SUBJECT_MISSING'; readonly depth: number }
  | { readonly code: 'CERT_NOT_YET_VALID'; readonly depth: number; readonly notBefore: number; readonly at: number }
  | { readonly code: 'CERT_EXPIRED'; readonly depth: number; readonly notAfter: number; readonly at: number }
  /** An issuer without v3, basicConstraints and cA TRUE. */
  | { readonly code: 'NOT_A_CA'; readonly depth: number }
  /** A CA certificate presented as end entity. */
  | { readonly code: 'END_ENTITY_IS_CA'; readonly depth: number }
  /** keyUsage of an issuer without keyCertSign, or of an end entity without digitalSignature. */
  | { readonly code: 'KEY_USAGE_MISSING'; readonly depth: number; readonly needed: 'keyCertSign' | 'digitalSignature' }
  /** The purpose asked for is missing in an extKeyUsage of the path, or the end entity has none where one is required. */
  | { readonly code: 'EXT_KEY_USAGE_MISSING'; readonly depth: number; readonly needed: string }
  /** A name that the name constraints of the CA certificate at depth `by` do not permit, or exclude. */
  | { readonly code: 'NAME_NOT_PERMITTED'; readonly depth: number; readonly nameKind: NameKind; readonly by: number }
  /** More CA certificates below an issuer than its pathLenConstraint allows. */
  | { readonly code: 'PATH_LEN_EXCEEDED'; readonly depth: number; readonly pathLenConstraint: number }
  /** More CA certificates between the end entity and any trust anchor than `maxDepth` allows. */
  | { readonly code: 'PATH_TOO_LONG' }
  /** No policy of the path is acceptable, and one must be: the caller, or from here up a CA, requires it (RFC 5280 6.1.3 (f), 6.1.5). */
  | { readonly code: 'POLICY_REQUIRED'; readonly depth: number }
  /** policyMappings with anyPolicy on either side (RFC 5280 6.1.4 (a)). */
  | { readonly code: 'POLICY_MAPPING_INVALID'; readonly depth: number }
  /** A path that holds by RFC 5280 section 6.1, with a certificate that breaks a rule of the profile it is held to. */
  | { readonly code: 'PROFILE_VIOLATED'; readonly depth: number; readonly profile: Profile; readonly rule: ProfileRule }
  /** More work of one kind than a verification may cost: certificates made to keep us busy. */
  | { readonly code: 'BUDGET_EXCEEDED'; readonly budget: BudgetName; readonly limit: number }
  /** noRevAvail (RFC 9608) in a CA certificate, or beside a pointer to revocation data: which of the two holds is anybody's guess. */
  | { readonly code: 'NO_REV_AVAIL_CONTRADICTED'; readonly depth: number; readonly by: NoRevAvailContradiction }
  /** `reason` and `revocationTime` (UTC seconds) where the source knows them. */
  | {
      readonly code: 'CERT_REVOKED';
      readonly depth: number;
      readonly serialNumber: Uint8Array;
      readonly reason?: ReasonCode;
      readonly revocationTime?: number;
    }
  | { readonly code: 'CERT_SUSPENDED'; readonly depth: number; readonly serialNumber: Uint8Array }
  /** Nothing is known about the status of a certificate: refused, as if it were revoked. */
  | {
      readonly code: 'STATUS_UNKNOWN';
      readonly depth: number;
      readonly serialNumber: Uint8Array;
      readonly because: UnknownReason;
      readonly why?: UnknownWhy;
    }
  /** A SPIFFE URI that is not one of ours or not for its trust anchor to give, more than one URI (SPIFFE X509-SVID 2), or another name of a device twice or unreadable. */
  | { readonly code: 'IDENTITY_MALFORMED' };

/** What is bounded in one verification: see `Budget`. */
export type BudgetName = 'signatures' | 'steps' | 'paths' | 'nameComparisons' | 'time';

/** What may not stand beside noRevAvail (RFC 9608 3). */
export type NoRevAvailContradiction =
  | 'basicConstraints'
  | 'cRLDistributionPoints'
  | 'freshestCRL'
  | 'authorityInfoAccess';

export type VerifierErrorCode = VerifierErrorDetail['code'];

/** What verification answers or throws; `detail` says more by code, `cause` keeps what a reader found. */
export class VerifierError extends Error {
  override readonly name = 'VerifierError';
  readonly detail: VerifierErrorDetail;

  constructor(detail: VerifierErrorDetail, cause?: unknown) {
    super(messageOf(detail), { cause });
    this.detail = detail;
  }

  get code(): VerifierErrorCode {
    return this.detail.code;
  }
}

const TOLD = ['because', 'why', 'profile', 'rule', 'needed', 'floor', 'oid', 'nameKind', 'budget'] as const;

// For logs, which have the message alone. Nothing in it is text of a certificate.
function messageOf(detail: VerifierErrorDetail): string {
  const where = 'depth' in detail ? ` at depth ${detail.depth}` : '';
  const told = new Map(Object.entries(detail));
  const more = TOLD.flatMap((key) => told.get(key) ?? []).join(', ');
  return `${detail.code}${where}${more === '' ? '' : `: ${more}`}`;
}

/**
 * Whether `a` says more than `b` when several paths were tried: its path had come further, so it is more likely the one that a
 * person can do something about. A revoked certificate stays revoked news beside a path that led nowhere.
 */
export function saysMore(a: VerifierErrorDetail, b: VerifierErrorDetail): boolean {
  const byCode = rankOf(a.code) - rankOf(b.code);
  return byCode > 0 || (byCode === 0 && depthOf(a) > depthOf(b));
}

/** Those that say more stand further down. */
const BY_RANK = [
  'CERTIFICATE_MISSING',
  'CHAIN_TOO_LARGE',
  'UNKNOWN_ISSUER',
  'PATH_TOO_LONG',
  'CERTIFICATE_MALFORMED',
  'BAD_SIGNATURE',
  'KEY_REFUSED',
  'SIGNATURE_ALGORITHM_REFUSED',
  'ALGORITHM_UNSUPPORTED',
  // From here on: of a certificate whose key signed, or of the end entity.
  'NOT_A_CA',
  'KEY_USAGE_MISSING',
  'EXTENSION_UNSUPPORTED',
  'SUBJECT_MISSING',
  'END_ENTITY_IS_CA',
  'IDENTITY_MALFORMED',
  'PATH_LEN_EXCEEDED',
  'EXT_KEY_USAGE_MISSING',
  'CERT_NOT_YET_VALID',
  'CERT_EXPIRED',
  // From here on: what is asked of a path that has reached its anchor, and so is no stranger's.
  'PROFILE_VIOLATED',
  'NAME_NOT_PERMITTED',
  'POLICY_MAPPING_INVALID',
  'POLICY_REQUIRED',
  'NO_REV_AVAIL_CONTRADICTED',
  'STATUS_UNKNOWN',
  'CERT_SUSPENDED',
  'CERT_REVOKED',
  'BUDGET_EXCEEDED',
] as const satisfies readonly VerifierErrorCode[];

// The compiler refuses a code that has no place in the list.
function rankOf(code: (typeof BY_RANK)[number]): number {
  return BY_RANK.indexOf(code);
}

function depthOf(detail: VerifierErrorDetail): number {
  return 'depth' in detail ? detail.depth : 0;
}
