import { isMlDsa, type SubjectPublicKeyInfo } from '@touchmark/x509';

import { type BudgetName, VerifierError } from '../error.js';

/**
 * What one verification may cost at most, whatever was presented. For comparison: rustls-webpki has 100 signatures, 200,000 steps
 * of path building and 250,000 name comparisons; Go's crypto/x509 100 signatures, and 250,000 name comparisons for each certificate;
 * Chromium 20 paths, 5 seconds for each attempt.
 */
export const LIMITS: Readonly<Record<BudgetName, number>> = {
  /** Units. A unit is a P-256, Ed25519 or RSA-2048 signature check, about 0.1 ms; others count signatures, whatever they cost. */
  signatures: 300,
  /**
   * Certificates looked at as issuers. Fewer than webpki's: 9 cross certificates of one key can be put into any order, which costs no
   * signature after the first, and an honest search looks at those that are likely and valid first.
   */
  steps: 500,
  /** Paths that reached a trust anchor and failed there: Chromium's number, after 25,000 had proven to be too many. */
  paths: 20,
  /** Names against name constraints, as in rustls-webpki and Go. */
  nameComparisons: 250_000,
  /** Milliseconds. All of the above at once would be less on any machine that serves TLS. */
  time: 250,
};

/** Steps before the clock is first looked at: an ordinary path takes three, and a process that was paused meanwhile did no harm. */
const STEPS_WITHOUT_CLOCK = 32;

/** What one verification may cost, counted down as it is spent, so that a hostile chain cannot make a gateway work for long. */
export class Budget {
  private readonly monotonic: () => number;
  private readonly left: Record<Exclude<BudgetName, 'time'>, number>;
  private readonly startedAt: number;

  /** `monotonic`: milliseconds of a clock that nobody sets. */
  constructor(monotonic: () => number = now) {
    const { signatures, steps, paths, nameComparisons } = LIMITS;
    this.left = { signatures, steps, paths, nameComparisons };
    this.monotonic = monotonic;
    this.startedAt = monotonic();
  }

  /** Before a signature check with this key. */
  spendSignature(key: SubjectPublicKeyInfo): void {
    this.spend('signatures', costOf(key));
  }

  /** Before a certificate is looked at as an issuer. */
  spendStep(): void {
    this.spend('steps', 1);
    if (LIMITS.steps - this.left.steps > STEPS_WITHOUT_CLOCK) this.checkTime();
  }

  /** Before a path of the end entity that has reached a trust anchor is looked at as a whole. */
  spendPath(): void {
    this.spend('paths', 1);
  }

  /** Before names are compared with as many name constraints; one constraint against one name is one. */
  spendNameComparisons(n: number): void {
    this.spend('nameComparisons', n);
  }

  /** Throws VerifierError BUDGET_EXCEEDED instead of going below zero. */
  private spend(budget: Exclude<BudgetName, 'time'>, amount: number): void {
    this.left[budget] -= amount;
    if (this.left[budget] < 0) throw new VerifierError({ code: 'BUDGET_EXCEEDED', budget, limit: LIMITS[budget] });
  }

  private checkTime(): void {
    if (this.monotonic() - this.startedAt <= LIMITS.time) return;
    throw new VerifierError({ code: 'BUDGET_EXCEEDED', budget: 'time', limit: LIMITS.time });
  }
}

function now(): number {
  return performance.now();
}

/** Units of one signature check with this key, which must be within `checkKeyPolicy`. */
export function costOf(key: SubjectPublicKeyInfo): number {
  // Measured against P-256 with node:crypto, which has no fast code for the larger curves.
  if (key.kind === 'EC P-384') return 10;
  if (key.kind === 'EC P-521') return 24;
  // Measured over 6 kB that are signed: 1.5 for ML-DSA-44, 2.1 for 65, 3.1 for 87; the import of a key costs another 1.
  if (isMlDsa(key.kind)) return 4;
  if (key.kind !== 'RSA' && key.kind !== 'RSASSA-PSS') return 1;
  // Multiplying costs the square of the size: 1 for 2048 bits, 3 for 4096, 12 for 8192. An exponent of 32 bits takes up to 62
  // multiplications where 65537 takes 17.
  return Math.ceil(3 * (key.modulusBits / 4096) ** 2) * (key.publicExponent > 65_537n ? 4 : 1);
}
