import type { CaRefusal } from './refusal.js';

export type AuthorityKind = 'root' | 'idevid' | 'ldevid' | 'infrastructure';

export interface AuthorityDescription {
  readonly id: string;
  readonly kind: AuthorityKind;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
}

/** A delegated OCSP signer asks for its certificate with a key that it made itself (RFC 6960 section 4.2.2.2). */
export interface OcspSignerRequest {
  readonly authorityId: string;
  readonly csr: Uint8Array;
}

export type OcspSignerOutcome =
  | { readonly ok: true; readonly certificate: Uint8Array; readonly notAfter: number }
  | CaRefusal;
