import type { SubjectPublicKeyInfo } from '@touchmark/x509';

import { VerifierError } from '../error.js';

/** Units that one verification may cost. A unit is a P-256, Ed25519 or RSA signature check, about 0.1 ms. */
export const SIGNATURE_BUDGET = 300;

/** Counts down what signature checks cost, so that a hostile chain cannot make a gateway work for long. */
export class SignatureBudget {
  private left = SIGNATURE_BUDGET;

  /** Throws VerifierError BUDGET_EXCEEDED instead of going below zero. */
  spend(key: SubjectPublicKeyInfo): void {
    this.left -= costOf(key.kind);
    if (this.left < 0) throw new VerifierError({ code: 'BUDGET_EXCEEDED', budget: SIGNATURE_BUDGET });
  }
}

// Measured against P-256 with node:crypto, which has no fast code for the larger curves.
function costOf(kind: SubjectPublicKeyInfo['kind']): number {
  if (kind === 'EC P-384') return 10;
  return kind === 'EC P-521' ? 24 : 1;
}
