import type { ReasonCode } from '@touchmark/x509';

/** Why a source cannot say; only `stale` and `absent` may be forgiven by a policy. */
export type UnknownReason =
  /** There is nothing about this certificate. */
  | 'absent'
  /** There is something, but its time is over, or ahead. */
  | 'stale'
  /** There is something that must not be believed or cannot be used; `why` in the finding says more. */
  | 'unusable';

/** What a source knows of one certificate. */
export type RevocationFinding =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly reason?: ReasonCode; readonly revocationTime?: number }
  /** Held; it may come back (certificateHold, or a suspended seat). */
  | { readonly status: 'suspended' }
  | { readonly status: 'unknown'; readonly because: UnknownReason; readonly why?: string };
