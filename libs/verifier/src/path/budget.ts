import type { SubjectPublicKeyInfo } from '@touchmark/x509';

import { VerifierError } from '../error.js';

/** Units that one verification may cost. A unit is a P-256, Ed25519 or RSA-2048 signature check, about 0.1 ms. */
export const SIGNATURE_BUDGET = 300;

/** What one verification may cost, counted down as it is spent, so that a hostile chain cannot make a gateway work for long. */
export class Budget {
  private signatureUnits = SIGNATURE_BUDGET;

  /** Before a signature check with this key. Throws VerifierError BUDGET_EXCEEDED instead of going below zero. */
  spendSignature(key: SubjectPublicKeyInfo): void {
    this.signatureUnits -= costOf(key);
    if (this.signatureUnits < 0) {
      throw new VerifierError({ code: 'BUDGET_EXCEEDED', budget: 'signatures', limit: SIGNATURE_BUDGET });
    }
  }
}

/** Units of one signature check with this key, which must be within `checkKeyPolicy`. */
export function costOf(key: SubjectPublicKeyInfo): number {
  // Measured against P-256 with node:crypto, which has no fast code for the larger curves.
  if (key.kind === 'EC P-384') return 10;
  if (key.kind === 'EC P-521') return 24;
  if (key.kind !== 'RSA') return 1;
  // Multiplying costs the square of the size: 1 for 2048 bits, 3 for 4096, 12 for 8192. An exponent of 32 bits takes up to 62
  // multiplications where 65537 takes 17.
  return Math.ceil(3 * (key.modulusBits / 4096) ** 2) * (key.publicExponent > 65_537n ? 4 : 1);
}
