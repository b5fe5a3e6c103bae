import { equalBytes } from '@touchmark/der';
import { type Certificate, type CertificateParsingOptions, X509Error } from '@touchmark/x509';

import { saysMore, VerifierError } from '../error.js';
import { checkRevocation, revocationOfDelegates } from '../revocation/check-revocation.js';
import { Budget } from './budget.js';
import { checkEndEntity, checkEndEntityUse, checkIssuer, checkSignature } from './certificate-checks.js';
import { checkNameConstraints } from './name-constraints/check-name-constraints.js';
import { knownPathCertificate, PathCertificate, readPathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';
import { checkProfile } from './profiles.js';

/** CA certificates between end entity and trust anchor; rustls-webpki takes 6. */
const MAX_DEPTH = 7;
const MAX_PRESENTED = 10;
export const MAX_CERTIFICATE_OCTETS = 16_384;
const MAX_CHAIN_OCTETS = 65_536;

/** As `verifyPath`, for those who look further into the path; throws VerifierError instead of answering it. */
export function findPath(request: PathRequest): readonly PathCertificate[] {
  const { at, maxDepth = 0 } = request;
  // NaN would pass every comparison.
  if (!Number.isFinite(at)) throw new TypeError('at must be UTC seconds');
  if (!(Number.isInteger(maxDepth) && maxDepth >= 0)) throw new TypeError('maxDepth must be a number of certificates');
  return new PathBuilder(request).build();
}

/** How many paths of signers of status may be looked for inside one another: a CRL's signer has a CRL of its own. */
const MAX_SIGNER_DEPTH = 3;

class PathBuilder {
  private readonly request: PathRequest;
  private readonly at: number;
  private readonly budget: Budget;
  private readonly signerDepth: number;

  constructor(request: PathRequest, budget = new Budget(request.monotonic), signerDepth = 0) {
    this.request = request;
    this.at = Math.floor(request.at);
    this.budget = budget;
    this.signerDepth = signerDepth;
  }

  build(): readonly PathCertificate[] {
    const { chain, profile = 'device', purpose, requireExtKeyUsage, serialNumbers = 'positive' } = this.request;
    const [first, ...presented] = chain;
    if (first === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
    checkSize(chain);
    const leaf = readPathCertificate(first, 0, { serialNumbers });
    checkEndEntity(leaf, this.at);
    checkEndEntityUse(leaf, { profile, purpose, requireExtKeyUsage });
    const anchors = readKnown(this.request.trustAnchors);
    const intermediates = readKnown(this.request.intermediates);
    return this.extend([leaf], anchors, [
      ...intermediates,
      ...readPresented(presented, intermediates, { serialNumbers }),
    ]);
  }

  /** The whole path that begins with `path`, or throws the error that says most. */
  private extend(
    path: readonly PathCertificate[],
    anchors: readonly PathCertificate[],
    intermediates: readonly PathCertificate[],
  ): readonly PathCertificate[] {
    const last = path[path.length - 1];
    if (last === undefined) throw new TypeError('a path begins with an end entity');
    if (path.length - 1 > (this.request.maxDepth ?? MAX_DEPTH)) throw new VerifierError({ code: 'PATH_TOO_LONG' });
    // made only when it is thrown: an error costs more than the rest of a step
    let best: VerifierError | undefined;
    const keepBetter = (error: unknown): void => {
      // An exhausted budget ends the search: trying on is what it forbids.
      if (!(error instanceof VerifierError) || error.code === 'BUDGET_EXCEEDED') throw error;
      if (!best || saysMore(error, best)) best = error;
    };

    for (const anchor of candidatesFor(last, anchors)) {
      try {
        this.checkStep(path, last, anchor);
        const complete = [...path, anchor];
        this.checkComplete(complete, intermediates);
        return complete;
      } catch (error) {
        keepBetter(error);
      }
    }
    for (const issuer of candidatesFor(last, intermediates)) {
      if (path.some((seen) => isSameEntity(seen, issuer))) continue;
      try {
        this.checkStep(path, last, issuer);
        return this.extend([...path, issuer], anchors, intermediates);
      } catch (error) {
        keepBetter(error);
      }
    }
    const nobody = new VerifierError({ code: 'UNKNOWN_ISSUER', depth: path.length - 1 });
    throw best && saysMore(best, nobody) ? best : nobody;
  }

  /** What is asked of a path as a whole, once its signatures lead to a trust anchor: in the order of what it costs. */
  private checkComplete(path: readonly PathCertificate[], others: readonly PathCertificate[]): void {
    const { at, budget } = this;
    const { profile = 'device' } = this.request;
    budget.spendPath();
    checkProfile(path, profile);
    const anchor = path[path.length - 1];
    if (anchor === undefined) throw new TypeError('a path ends with a trust anchor');
    checkNameConstraints(path, budget);
    const candidates = [...path, ...others];
    const signerPath = (signer: PathCertificate, purpose: 'crl' | 'ocsp'): readonly PathCertificate[] | undefined =>
      this.signerPath(signer, purpose, anchor, candidates);
    checkRevocation({ path, at, budget, candidates, signerPath }, this.request.revocation);
  }

  private signerPath(
    signer: PathCertificate,
    purpose: 'crl' | 'ocsp',
    anchor: PathCertificate,
    candidates: readonly PathCertificate[],
  ): readonly PathCertificate[] | undefined {
    if (signer === anchor) return [anchor];
    if (this.signerDepth === MAX_SIGNER_DEPTH) return undefined;
    const revocation = purpose === 'ocsp' ? revocationOfDelegates(this.request.revocation) : this.request.revocation;
    if (revocation === undefined) return undefined;
    const request = { ...this.request, purpose: purpose === 'ocsp' ? purpose : ('any' as const), revocation };
    const builder = new PathBuilder(request, this.budget, this.signerDepth + 1);
    try {
      return builder.extend([signer], [anchor], candidates);
    } catch (error) {
      // An exhausted budget is the whole verification's, whoever exhausted it.
      if (error instanceof VerifierError && error.code !== 'BUDGET_EXCEEDED') return undefined;
      throw error;
    }
  }

  private checkStep(path: readonly PathCertificate[], signed: PathCertificate, issuer: PathCertificate): void {
    this.budget.spendStep();
    const intermediates = path.slice(1).filter((ca) => !ca.selfIssued).length;
    checkIssuer(issuer, path.length, { at: this.at, purpose: this.request.purpose, intermediates });
    checkSignature(signed, issuer, path.length - 1, this.budget);
  }
}

function checkSize(chain: readonly Uint8Array[]): void {
  let octets = 0;
  let largest = 0;
  for (const der of chain) {
    octets += der.length;
    largest = Math.max(largest, der.length);
  }
  if (chain.length > MAX_PRESENTED || largest > MAX_CERTIFICATE_OCTETS || octets > MAX_CHAIN_OCTETS) {
    throw new VerifierError({ code: 'CHAIN_TOO_LARGE' });
  }
}

// A malformed CA certificate is no candidate; it must not spoil a path that does not need it.
function readKnown(certificates: readonly Certificate[]): readonly PathCertificate[] {
  return certificates.flatMap((certificate) => orNothing(() => knownPathCertificate(certificate)));
}

function readPresented(
  chain: readonly Uint8Array[],
  known: readonly PathCertificate[],
  options: CertificateParsingOptions,
): readonly PathCertificate[] {
  return chain
    .filter((der) => !known.some(({ certificate }) => equalBytes(certificate.der, der)))
    .flatMap((der) => orNothing(() => readPathCertificate(der, 1, options)));
}

function orNothing(read: () => PathCertificate): readonly PathCertificate[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof X509Error || error instanceof VerifierError) return [];
    throw error;
  }
}

/** Those with the issuer's name, a matching key identifier first, a differing one last (RFC 4158 3.5): tried, not excluded. */
function candidatesFor(signed: PathCertificate, from: readonly PathCertificate[]): readonly PathCertificate[] {
  const named = from.filter(({ certificate }) => equalBytes(certificate.subject, signed.certificate.issuer));
  return named.length < 2 ? named : named.toSorted((a, b) => keyMismatch(signed, a) - keyMismatch(signed, b));
}

function keyMismatch(signed: PathCertificate, issuer: PathCertificate): number {
  const { authorityKeyIdentifier } = signed;
  const { subjectKeyIdentifier } = issuer;
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return 1;
  return equalBytes(authorityKeyIdentifier, subjectKeyIdentifier) ? 0 : 2;
}

// Cross certificates differ as octets: a loop is the same name with the same key.
function isSameEntity(a: PathCertificate, b: PathCertificate): boolean {
  return (
    equalBytes(a.certificate.subject, b.certificate.subject) &&
    equalBytes(a.certificate.subjectPublicKeyInfo, b.certificate.subjectPublicKeyInfo)
  );
}
