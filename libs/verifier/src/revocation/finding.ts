import type { ReasonCode } from '@touchmark/x509';

import type { CrlWhy } from './crl/crl-why.js';
import type { OcspWhy } from './ocsp/ocsp-why.js';
import type { TokenWhy } from './token-status-list/token-why.js';

/** Why a source cannot say; only `stale` and `absent` may be forgiven by a policy. */
export type UnknownReason =
  /** There is nothing about this certificate that its issuer, or who speaks for it, has signed. */
  | 'absent'
  /** There is something, signed by who may, and its time is over. */
  | 'stale'
  /** There is something, signed by who may or might, that must not be believed or cannot be used; `why` says more. */
  | 'unusable';

/** More about an unknown status: what CRLs, OCSP responses and Status List Tokens lack; a source of the caller's says what it likes. */
export type UnknownWhy = CrlWhy | OcspWhy | TokenWhy | `own:${string}`;

/** What a source knows of one certificate. */
export type RevocationFinding =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly reason?: ReasonCode; readonly revocationTime?: number }
  /** Held; it may come back (certificateHold, or a suspended seat). */
  | { readonly status: 'suspended' }
  /** Not on a list that only says who is revoked. It is good where nobody is asked but such lists, and nothing beside others. */
  | { readonly status: 'unlisted' }
  | { readonly status: 'unknown'; readonly because: UnknownReason; readonly why?: UnknownWhy };

export const GOOD: RevocationFinding = { status: 'good' };
export const ABSENT: RevocationFinding = { status: 'unknown', because: 'absent' };

export function unknown(because: UnknownReason, why: UnknownWhy): RevocationFinding {
  return { status: 'unknown', because, why };
}
