import { equalBytes } from '@touchmark/der';
import { type Certificate, X509Error } from '@touchmark/x509';

import { saysMore, VerifierError } from '../error.js';
import type { StatusPort } from '../status-port.js';
import { checkEndEntity, checkIssuer, checkSignature, type Purpose } from './certificate-checks.js';
import { knownPathCertificate, PathCertificate, readPathCertificate } from './path-certificate.js';
import { checkStatus } from './path-status.js';
import { SignatureBudget } from './signature-budget.js';

/** Certificates above the end entity at most, the trust anchor counted. */
const MAX_DEPTH = 8;
const MAX_PRESENTED = 10;
export const MAX_CERTIFICATE_OCTETS = 16_384;
const MAX_CHAIN_OCTETS = 65_536;

export interface PathRequest {
  /** What was presented, DER: the end entity first, then any CA certificates in any order; those are hints. */
  readonly chain: readonly Uint8Array[];
  /** Held to their own dates, basicConstraints, keyUsage and extKeyUsage (RFC 5937). Keep the objects: what is read of them is kept. */
  readonly trustAnchors: readonly Certificate[];
  /** CA certificates already known, tried before those presented. Keep the objects. */
  readonly intermediates: readonly Certificate[];
  /** UTC seconds; fractions are cut off. */
  readonly at: number;
  readonly purpose: Purpose;
  /** Whether the end entity must have extKeyUsage. IDevIDs have none. */
  readonly requireExtKeyUsage: boolean;
  readonly status: StatusPort;
}

export type PathResult =
  /** `path` runs from the end entity to the trust anchor. */
  | { readonly ok: true; readonly path: readonly Certificate[]; readonly leaf: Certificate }
  | { readonly ok: false; readonly error: VerifierError };

/**
 * Builds and validates a certification path (RFC 5280 section 6.1, without policies and name constraints: certificates with name
 * constraints are refused). Synchronous, no I/O. It refuses by answering; it throws TypeError for a time that is none, and what
 * the status port throws. When several paths fail, the error of the one that came furthest is answered.
 */
export function verifyPath(request: PathRequest): PathResult {
  try {
    const path = findPath(request);
    const certificates = path.map(({ certificate }) => certificate);
    const [leaf] = certificates;
    if (leaf === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
    return { ok: true, path: certificates, leaf };
  } catch (error) {
    if (error instanceof VerifierError) return { ok: false, error };
    throw error;
  }
}

/** The same for those who look further into the path; throws VerifierError instead of answering it. */
export function findPath(request: PathRequest): readonly PathCertificate[] {
  // NaN would pass every comparison of dates.
  if (!Number.isFinite(request.at)) throw new TypeError('at must be UTC seconds');
  return new PathBuilder(request).build();
}

class PathBuilder {
  private readonly request: PathRequest;
  private readonly at: number;
  private readonly budget = new SignatureBudget();

  constructor(request: PathRequest) {
    this.request = request;
    this.at = Math.floor(request.at);
  }

  build(): readonly PathCertificate[] {
    const { chain, purpose, requireExtKeyUsage } = this.request;
    const [first, ...presented] = chain;
    if (first === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
    checkSize(chain);
    const leaf = readPathCertificate(first, 0);
    checkEndEntity(leaf, { at: this.at, purpose, requireExtKeyUsage });
    const anchors = readKnown(this.request.trustAnchors);
    const intermediates = readKnown(this.request.intermediates);
    return this.extend([leaf], anchors, [...intermediates, ...readPresented(presented, intermediates)]);
  }

  /** The whole path that begins with `path`, or throws the error that says most. */
  private extend(
    path: readonly PathCertificate[],
    anchors: readonly PathCertificate[],
    intermediates: readonly PathCertificate[],
  ): readonly PathCertificate[] {
    const last = path[path.length - 1];
    if (last === undefined) throw new TypeError('a path begins with an end entity');
    if (path.length > MAX_DEPTH) throw new VerifierError({ code: 'PATH_TOO_LONG' });
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
        checkStatus(complete, this.request.status);
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

  private checkStep(path: readonly PathCertificate[], signed: PathCertificate, issuer: PathCertificate): void {
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

function readPresented(chain: readonly Uint8Array[], known: readonly PathCertificate[]): readonly PathCertificate[] {
  return chain
    .filter((der) => !known.some(({ certificate }) => equalBytes(certificate.der, der)))
    .flatMap((der) => orNothing(() => readPathCertificate(der, 1)));
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
