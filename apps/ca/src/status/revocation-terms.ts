import { type RevocationReason, revocationReasons } from '@touchmark/ca-port';
import { CaError } from '../ca-error.js';

/** Why, and since when, a certificate is worth nothing. */
export interface RevocationTerms {
  readonly reason: RevocationReason;
  /** UTC seconds since which the key may have been somebody else's. */
  readonly invalidityDate?: number | undefined;
}

/** What no caller is trusted to have checked: a value that cannot be encoded would keep every later CRL of its list from being made. */
export function checkRevocationTerms({ reason, invalidityDate = 0 }: RevocationTerms, now: number): void {
  if (!revocationReasons.includes(reason)) throw new CaError('REASON_NOT_ALLOWED');
  if (!Number.isInteger(invalidityDate) || invalidityDate < 0 || invalidityDate > now)
    throw new CaError('REASON_NOT_ALLOWED', { detail: 'the invalidityDate lies in the future or is none' });
}

export const isCompromise = (reason: RevocationReason): boolean =>
  reason === 'keyCompromise' || reason === 'cACompromise';
