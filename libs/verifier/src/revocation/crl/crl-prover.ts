import type { CrlSigners } from './crl-signers.js';
import type { CrlStore } from './crl-store.js';
import type { HeldCrl } from './held-crl.js';
import { newestOf } from './unproven-crls.js';

/**
 * Units of signature checks that may go for nothing in one question, half of them on CRLs that say they are the newest, half on those
 * that came first: forged CRLs do not use up what a verification may cost, nor keep a signed one waiting that came before them.
 */
const MAX_WASTED_UNITS = 8;
/** CRLs that are no news, however well they are signed: only so many in one question. */
const MAX_OLD = 4;

/**
 * Tries to prove CRLs of one issuer that a question may need, by the names of its distribution point. Says whether some were there
 * that nobody had signed. Throws VerifierError BUDGET_EXCEEDED.
 */
export function proveCrls(
  store: CrlStore,
  { issuerKey, names }: { readonly issuerKey: string; readonly names: Iterable<string> },
  signers: CrlSigners,
): boolean {
  const { unproven } = store;
  const attempt = (crl: HeldCrl): boolean => {
    const signer = signers.of(crl);
    if (signer === undefined) unproven.doubt(crl);
    else store.prove(crl, signer.keyId, signer.certificate);
    return signer !== undefined;
  };
  let untried = unproven.untriedOf(issuerKey, names);
  let inVain = false;
  while (signers.wastedUnits < MAX_WASTED_UNITS / 2) {
    untried = untried.filter((crl) => unproven.has(crl));
    const newest = newestOf(untried.filter((crl) => store.saysNewer(crl)));
    if (newest === undefined) break;
    untried = untried.filter((crl) => crl !== newest);
    inVain = !attempt(newest) || inVain;
  }
  const others = [...untried, ...unproven.doubtfulOf(issuerKey).filter((crl) => signers.mayHaveSigned(crl))];
  for (const crl of others.slice(0, MAX_OLD)) {
    if (signers.wastedUnits >= MAX_WASTED_UNITS) break;
    inVain = !attempt(crl) || inVain;
  }
  return inVain || unproven.doubtfulOf(issuerKey).length > 0;
}
