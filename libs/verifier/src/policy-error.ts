/**
 * Why a certificate that is authentic (its path holds, and it is not revoked) is refused all the same. Times are UTC seconds.
 */
export type PolicyErrorDetail =
  /** Held by an administrator, it or a CA above it; it may come back. */
  | { readonly code: 'CERT_SUSPENDED'; readonly depth: number; readonly serialNumber: Uint8Array }
  /** What is known of status is older than `maxAge`, of the future, or nothing (`asOf` 0). */
  | { readonly code: 'STATUS_STALE'; readonly asOf: number; readonly maxAge: number; readonly now: number }
  /** The certificate is not for the server that was asked for (RFC 9525). */
  | { readonly code: 'SERVER_NAME_MISMATCH'; readonly serverName: string }
  /** A client's certificate that says nobody: it has no SPIFFE URI. */
  | { readonly code: 'IDENTITY_MISSING' };

export type PolicyErrorCode = PolicyErrorDetail['code'];

/** Authentic, but refused: what 403 is to the 401 of a VerifierError. `detail` says more by code. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly detail: PolicyErrorDetail;

  constructor(detail: PolicyErrorDetail, cause?: unknown) {
    super(detail.code, { cause });
    this.detail = detail;
  }

  get code(): PolicyErrorCode {
    return this.detail.code;
  }
}
