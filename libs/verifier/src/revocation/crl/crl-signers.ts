import { equalBytes } from '@touchmark/der';

import { costOf } from '../../path/budget.js';
import type { PathCertificate } from '../../path/path-certificate.js';
import type { RevocationQuestion } from '../revocation-source.js';
import { isSignedBy, keyIdOf } from './crl-signature.js';
import type { HeldCrl } from './held-crl.js';
import { nameKey } from './name-key.js';

/**
 * Units of signature checks that may go for nothing in one question, then no further CRL is tried. Each is tried once only, so that
 * the next question comes further, and forged CRLs do not use up what a verification may cost.
 */
const MAX_WASTED_UNITS = 8;

export interface CrlSigner {
  readonly certificate: PathCertificate;
  readonly keyId: string;
}

/** Who signed CRLs, for one question (RFC 5280 6.3.3 (f), (g)). */
export class CrlSigners {
  private readonly question: RevocationQuestion;
  private readonly above: ReadonlySet<PathCertificate>;
  /** The certificate asked about and what depends on it: who signs its CRL must not be proven by it. */
  private readonly dependent: ReadonlySet<PathCertificate>;
  private readonly trusted = new Map<PathCertificate, boolean>();
  private wastedUnits = 0;

  constructor(question: RevocationQuestion) {
    this.question = question;
    this.above = new Set(question.path.slice(question.depth + 1));
    this.dependent = new Set(question.path.slice(0, question.depth + 1));
  }

  /**
   * The certificate of who signed this CRL: it has the name of the CRL's issuer, cRLSign if it has a keyUsage, and a path to the
   * trust anchor of the question. `delegated`: the certificate's issuer named the CRL's issuer, which may then be the certificate
   * itself. Throws VerifierError BUDGET_EXCEEDED.
   */
  of(crl: HeldCrl, delegated: boolean): CrlSigner | 'CRL_ISSUER_UNTRUSTED' | 'CRL_SIGNATURE' {
    let why: 'CRL_ISSUER_UNTRUSTED' | 'CRL_SIGNATURE' = 'CRL_ISSUER_UNTRUSTED';
    for (const certificate of this.candidatesFor(crl)) {
      if (!this.isTrusted(certificate, delegated)) continue;
      if (this.signed(crl, certificate)) return { certificate, keyId: keyIdOf(certificate) };
      why = 'CRL_SIGNATURE';
    }
    return why;
  }

  private candidatesFor(crl: HeldCrl): readonly PathCertificate[] {
    const all = new Set([...this.above, ...this.question.candidates]);
    const named = [...all].filter(
      ({ certificate, keyUsage }) =>
        nameKey(certificate.subject) === crl.issuerKey && keyUsage?.has('cRLSign') !== false,
    );
    return named.length < 2 ? named : named.toSorted((a, b) => keyMismatch(crl, a) - keyMismatch(crl, b));
  }

  // What stands above the certificate in its path is being judged there; revocation of those is asked for by whoever asks us.
  private isTrusted(certificate: PathCertificate, delegated: boolean): boolean {
    if (this.above.has(certificate) || (delegated && certificate === this.question.subject)) return true;
    if (this.dependent.has(certificate)) return false;
    let trusted = this.trusted.get(certificate);
    if (trusted === undefined) {
      trusted = this.question.signerPath(certificate, 'crl') !== undefined;
      this.trusted.set(certificate, trusted);
    }
    return trusted;
  }

  private signed(crl: HeldCrl, certificate: PathCertificate): boolean {
    if (this.wastedUnits >= MAX_WASTED_UNITS && crl.isSignedBy(keyIdOf(certificate)) === undefined) return false;
    let tried = false;
    const signed = isSignedBy(crl, certificate, () => {
      this.question.budget.spendSignature(certificate.key);
      tried = true;
    });
    if (tried && !signed) this.wastedUnits += costOf(certificate.key);
    return signed;
  }
}

function keyMismatch({ keyIdentifier }: HeldCrl, { subjectKeyIdentifier }: PathCertificate): number {
  if (keyIdentifier === undefined || subjectKeyIdentifier === undefined) return 1;
  return equalBytes(keyIdentifier, subjectKeyIdentifier) ? 0 : 2;
}
