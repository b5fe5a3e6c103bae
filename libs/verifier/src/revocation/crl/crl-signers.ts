import { equalBytes, Oid } from '@touchmark/der';

import { costOf } from '../../path/budget.js';
import type { PathCertificate } from '../../path/path-certificate.js';
import type { RevocationQuestion } from '../revocation-source.js';
import { isSignedBy, keyIdOf } from './crl-signature.js';
import type { CrlShelf } from './crl-store.js';
import type { HeldCrl } from './held-crl.js';
import { nameKey } from './name-key.js';

export interface CrlSigner {
  readonly certificate: PathCertificate;
  readonly keyId: string;
}

/** Who may sign the CRLs of one issuer's Name, for one question (RFC 5280 6.3.3 (f), (g)). */
export class CrlSigners {
  /** Units of signature checks that went for nothing. */
  wastedUnits = 0;
  private readonly question: RevocationQuestion;
  private readonly delegated: boolean;
  private readonly named: readonly PathCertificate[];
  private readonly trusted = new Map<PathCertificate, boolean>();

  /**
   * `shelf`: what is proven of this issuer. `delegated`: the certificate's issuer named the CRL's issuer, which may then be the
   * certificate itself.
   */
  constructor(question: RevocationQuestion, issuerKey: string, shelf: CrlShelf | undefined, delegated: boolean) {
    this.question = question;
    this.delegated = delegated;
    const { path, depth, candidates } = question;
    // Who signed before may have come with another chain than this one.
    const all = new Set([...path.slice(depth + 1), ...candidates, ...(shelf?.signers.values() ?? [])]);
    this.named = [...all].filter(
      ({ certificate, keyUsage }) => nameKey(certificate.subject) === issuerKey && keyUsage?.has('cRLSign') !== false,
    );
  }

  /** Whether anybody at hand may sign them. Throws VerifierError BUDGET_EXCEEDED, as all below. */
  get areThere(): boolean {
    return this.named.some((certificate) => this.isTrusted(certificate));
  }

  /** Who has the key that is proven to have signed a CRL, if they may. */
  withKey(keyId: string): CrlSigner | undefined {
    const certificate = this.named.find((found) => keyIdOf(found) === keyId && this.isTrusted(found));
    return certificate && { certificate, keyId };
  }

  /** Who signed a CRL of which nothing is proven. */
  of(crl: HeldCrl): CrlSigner | undefined {
    const certificate = this.likeliestFirst(crl).find((found) => this.isTrusted(found) && this.signed(crl, found));
    return certificate && { certificate, keyId: keyIdOf(certificate) };
  }

  /** Whether there is a key that was not tried on this CRL. */
  mayHaveSigned(crl: HeldCrl): boolean {
    return this.named.some((found) => crl.isSignedBy(keyIdOf(found)) === undefined && this.isTrusted(found));
  }

  private likeliestFirst(crl: HeldCrl): readonly PathCertificate[] {
    const { named } = this;
    return named.length < 2 ? named : named.toSorted((a, b) => keyMismatch(crl, a) - keyMismatch(crl, b));
  }

  private isTrusted(certificate: PathCertificate): boolean {
    let trusted = this.trusted.get(certificate);
    if (trusted === undefined) {
      trusted = this.mayBeTrusted(certificate);
      this.trusted.set(certificate, trusted);
    }
    return trusted;
  }

  private mayBeTrusted(certificate: PathCertificate): boolean {
    const { path, depth, subject } = this.question;
    // What stands above the certificate in its path is being judged there; revocation of those is asked for by whoever asks us.
    if (path.includes(certificate, depth + 1) || (this.delegated && certificate === subject)) return true;
    // Who signs its CRL must not be proven by it.
    if (path.includes(certificate)) return false;
    const signerPath = this.question.signerPath(certificate, 'crl');
    return signerPath !== undefined && (this.hasIssuersKey(certificate) || mayHaveKeyOfItsOwn(signerPath));
  }

  private hasIssuersKey({ spkiSha256 }: PathCertificate): boolean {
    return equalBytes(spkiSha256, this.question.issuer.spkiSha256);
  }

  private signed(crl: HeldCrl, certificate: PathCertificate): boolean {
    let tried = false;
    const signed = isSignedBy(crl, certificate, () => {
      this.question.budget.spendSignature(certificate.key);
      tried = true;
    });
    if (tried && !signed) this.wastedUnits += costOf(certificate.key);
    return signed;
  }
}

/**
 * A name is all that such a signer has in common with the issuer, and any CA below the anchor can write it: so its certificate says
 * cRLSign (RFC 5280 4.2.1.3), and neither it nor a CA above it is bounded to another purpose.
 */
function mayHaveKeyOfItsOwn(path: readonly PathCertificate[]): boolean {
  return (
    path[0]?.keyUsage?.has('cRLSign') === true &&
    path.every(({ extKeyUsage }) => extKeyUsage === undefined || extKeyUsage.has(Oid.anyExtendedKeyUsage))
  );
}

function keyMismatch({ keyIdentifier }: HeldCrl, { subjectKeyIdentifier }: PathCertificate): number {
  if (keyIdentifier === undefined || subjectKeyIdentifier === undefined) return 1;
  return equalBytes(keyIdentifier, subjectKeyIdentifier) ? 0 : 2;
}
