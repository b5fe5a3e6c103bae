import { X509Error } from '@touchmark/x509';

import type { RevocationFinding } from '../finding.js';
import { questionBehind, type RevocationSource, type StatusQuestion } from '../revocation-source.js';
import { sourceOption } from '../source-options.js';
import { CrlJudgement, type CrlRules } from './crl-judgement.js';
import { isSignedBy } from './crl-signature.js';
import { CrlStore } from './crl-store.js';
import type { CrlAdded } from './crl-why.js';
import { HeldCrl } from './held-crl.js';

export interface CrlSourceOptions {
  /** Whether CRLs may speak of certificates that others issued (RFC 5280 5.2.5 indirectCRL, 5.3.3). Off if left out. */
  readonly indirect?: boolean;
  /** All CRLs together, 256 MiB if left out. What finds entries in them comes on top: 8 octets an entry. */
  readonly maxOctets?: number;
  /** Seconds from thisUpdate for which a CRL without nextUpdate holds; 0 if left out: such a CRL is refused. */
  readonly maxAgeWithoutNextUpdate?: number;
  /** Seconds by which thisUpdate may lie ahead, 60 if left out. */
  readonly maxClockSkew?: number;
}

/**
 * Status by CRLs that the caller fetches and hands in: complete, sharded by issuingDistributionPoint, by reasons, delta, and
 * indirect if wanted (RFC 5280 section 6.3). Whoever hands them in is not believed: a CRL counts once a certificate of its issuer
 * leads to the trust anchor of the certificate that is asked about and its key signed the CRL.
 *
 *     const crls = new CrlSource();
 *     crls.add(await readFile('issuing-ca.crl'));
 *     verifyPath({ …, revocation: { sources: [crls] } });
 */
export class CrlSource implements RevocationSource {
  readonly kind = 'crl';
  private readonly store: CrlStore;
  private readonly maxOctets: number;
  private readonly rules: CrlRules;

  /** Throws TypeError for options that make no sense. */
  constructor(options: CrlSourceOptions = {}) {
    const { indirect, maxOctets, maxAgeWithoutNextUpdate, maxClockSkew } = options;
    this.maxOctets = sourceOption.number('maxOctets', maxOctets, 268_435_456);
    this.rules = {
      indirect: sourceOption.boolean('indirect', indirect, false),
      maxAgeWithoutNextUpdate: sourceOption.number('maxAgeWithoutNextUpdate', maxAgeWithoutNextUpdate, 0),
      maxClockSkew: sourceOption.number('maxClockSkew', maxClockSkew, 60),
    };
    this.store = new CrlStore(this.maxOctets);
  }

  /** What is proven: CRLs of which nothing is change nothing. */
  get changes(): number {
    return this.store.changes;
  }

  /**
   * Takes one CRL, DER. The octets are kept, not copied: do not write to them. Never throws for what they say; a CRL that is not
   * taken changes nothing.
   */
  add(der: Uint8Array): CrlAdded {
    if (!(der instanceof Uint8Array)) throw new TypeError('a CRL consists of octets');
    if (der.length > this.maxOctets) return { ok: false, why: 'CRL_TOO_LARGE' };
    const crl = readCrl(der);
    if (crl === undefined) return { ok: false, why: 'CRL_MALFORMED' };
    if (crl.list.nextUpdate === undefined && this.rules.maxAgeWithoutNextUpdate === 0) {
      return { ok: false, why: 'CRL_NEXT_UPDATE_MISSING' };
    }
    // One check for each of a few known keys: not worth a budget.
    return this.store.add(crl, (candidate, signer) => isSignedBy(candidate, signer, () => undefined));
  }

  /** RFC 5280 6.3.3. `why` of an unknown finding is a CrlWhy. Throws VerifierError BUDGET_EXCEEDED. */
  find(question: StatusQuestion): RevocationFinding {
    return new CrlJudgement(questionBehind(question), this.store, this.rules).find();
  }
}

function readCrl(der: Uint8Array): HeldCrl | undefined {
  try {
    return new HeldCrl(der);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
