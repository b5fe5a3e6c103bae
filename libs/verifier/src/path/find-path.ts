import { equalBytes, Oid } from '@touchmark/der';
import { type Certificate, equalNames, X509Error } from '@touchmark/x509';

import { saysMore, VerifierError } from '../error.js';
import { checkRevocation, revocationOfDelegates } from '../revocation/check-revocation.js';
import type { RevocationPolicy } from '../revocation/revocation-source.js';
import { Budget } from './budget.js';
import { CertificatePool, knownPool, orNothing } from './certificate-pool.js';
import {
  checkEndEntity,
  checkEndEntityUse,
  checkIssuer,
  checkSignature,
  checkStatusSigner,
  checkValidity,
} from './certificate-checks.js';
import { checkRequest } from './check-request.js';
import { likeliestFirst } from './issuer-order.js';
import { checkNameConstraints } from './name-constraints/check-name-constraints.js';
import { type PathCertificate, readPathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';
import { validPolicies } from './policies/valid-policies.js';
import type { Profile } from './profiles/profile.js';
import { policyFor } from './policy-for.js';
import { checkProfile } from './profiles.js';

/** CA certificates between end entity and trust anchor; rustls-webpki takes 6. */
const MAX_DEPTH = 7;
const MAX_PRESENTED = 10;
const NO_CERTIFICATES: readonly Certificate[] = [];
export const MAX_CERTIFICATE_OCTETS = 16_384;
const MAX_CHAIN_OCTETS = 65_536;

/** How many paths of signers of status may be looked for inside one another: a CRL's signer has a CRL of its own. */
const MAX_SIGNER_DEPTH = 3;

export interface FoundPath {
  /** From the end entity to the trust anchor. */
  readonly path: readonly PathCertificate[];
  /** As in `PathResult`. */
  readonly policies: readonly string[];
}

/** As `verifyPath`, for those who look further into the path; throws VerifierError instead of answering it. */
export function findPath(request: PathRequest): FoundPath {
  const { at, chain, maxDepth = MAX_DEPTH, serialNumbers = 'positive' } = request;
  checkRequest(request);
  const [first, ...presented] = chain;
  if (first === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
  checkSize(chain);
  // Octets of our own, here and below: what is remembered of a certificate must not change under a caller's buffer.
  const leaf = readPathCertificate(Uint8Array.from(first), 0, { serialNumbers });
  const search = {
    request,
    at: Math.floor(at),
    maxDepth,
    budget: new Budget(request.monotonic),
    anchors: knownPool(request.trustAnchors),
    known: knownPool(request.intermediates ?? NO_CERTIFICATES),
  };
  checkEndEntity(leaf, search.at);
  if (request.anchorPolicy === undefined) checkEndEntityUse(leaf, request);
  return new PathBuilder({ ...search, presented: presentedPool(presented, search) }).extend([leaf]);
}

/**
 * Judges anew, at another time, a path that was found before under the same purpose: dates, anchor, profile, name constraints and
 * revocation, all but what cannot change (who issued whom, and that the signatures are good). Keep the path's objects. Throws VerifierError;
 * there may be another path then.
 */
export function recheckPath(path: readonly PathCertificate[], request: Omit<PathRequest, 'chain'>): void {
  const [leaf] = path;
  const anchor = path[path.length - 1];
  if (leaf === undefined || anchor === undefined || leaf === anchor) throw new TypeError('a path has two ends');
  checkRequest(request);
  const search = {
    request: { ...request, chain: [] },
    at: Math.floor(request.at),
    maxDepth: path.length,
    budget: new Budget(request.monotonic),
    anchors: knownPool(request.trustAnchors),
    known: knownPool(request.intermediates ?? NO_CERTIFICATES),
    presented: new CertificatePool([]),
  };
  if (search.anchors.find(anchor.certificate.der) === undefined) {
    throw new VerifierError({ code: 'UNKNOWN_ISSUER', depth: path.length - 2 });
  }
  checkEndEntity(leaf, search.at);
  if (request.anchorPolicy === undefined) {
    checkEndEntityUse(leaf, request);
    checkValidity(path, 'now', search.at);
  }
  new PathBuilder(search).checkComplete(path, anchor);
}

// Who signs status is no server, and a signer of CRLs has cRLSign.
const PROFILES_OF_SIGNERS: Readonly<Record<Profile, Profile>> = {
  device: 'rfc5280-6.1',
  'rfc5280-6.1': 'rfc5280-6.1',
  rfc5280: 'rfc5280',
  web: 'rfc5280',
};

interface Search {
  readonly request: PathRequest;
  /** Whole UTC seconds. */
  readonly at: number;
  readonly maxDepth: number;
  readonly budget: Budget;
  readonly anchors: CertificatePool;
  readonly known: CertificatePool;
  readonly presented: CertificatePool;
}

/** Looks for a path, depth first, trust anchors before others, and goes back at any failure (RFC 4158). */
class PathBuilder {
  private readonly search: Search;
  /** 0 for the path of the end entity. */
  private readonly signerDepth: number;

  constructor(search: Search, signerDepth = 0) {
    this.search = search;
    this.signerDepth = signerDepth;
  }

  /** The whole path that begins with `path`, or throws the error that says most. */
  extend(path: readonly PathCertificate[]): FoundPath {
    const { anchors, known, presented, maxDepth } = this.search;
    const last = path[path.length - 1];
    if (last === undefined) throw new TypeError('a path begins with an end entity');
    if (path.length - 1 > maxDepth) throw new VerifierError({ code: 'PATH_TOO_LONG' });
    const { issuer: name } = last.certificate;
    // made only when it is thrown: an error costs more than the rest of a step
    let best: VerifierError | undefined;
    const keepBetter = (thrown: unknown): void => {
      const error = asRefusal(thrown, path.length - 1);
      // An exhausted budget ends the search: trying on is what it forbids.
      if (!(error instanceof VerifierError) || error.code === 'BUDGET_EXCEEDED') throw error;
      if (!best || saysMore(error, best)) best = error;
    };

    for (const anchor of likeliestFirst(last, anchors.named(name))) {
      if (isAlreadyIn(path, anchor)) continue;
      try {
        this.checkStep(path, last, anchor);
        const complete = [...path, anchor];
        return { path: complete, policies: this.checkComplete(complete, anchor) };
      } catch (error) {
        keepBetter(error);
      }
    }
    for (const issuer of likeliestFirst(last, both(known.named(name), presented.named(name)))) {
      if (isAlreadyIn(path, issuer)) continue;
      try {
        this.checkStep(path, last, issuer);
        return this.extend([...path, issuer]);
      } catch (error) {
        keepBetter(error);
      }
    }
    const nobody = new VerifierError({ code: 'UNKNOWN_ISSUER', depth: path.length - 1 });
    throw best && saysMore(best, nobody) ? best : nobody;
  }

  private checkStep(path: readonly PathCertificate[], signed: PathCertificate, issuer: PathCertificate): void {
    const { at, budget, request } = this.search;
    budget.spendStep();
    // The anchor's policy says when its CAs must have been valid: not known yet where anchors differ.
    if (request.anchorPolicy === undefined) checkValidity([issuer], 'now', at, path.length);
    const intermediates = path.slice(1).filter((ca) => !ca.selfIssued).length;
    checkIssuer(issuer, path.length, { purpose: request.purpose, intermediates });
    checkSignature(signed, issuer, path.length - 1, budget);
  }

  /** What is asked of a path as a whole, once its signatures lead to a trust anchor, in the order of what it costs. Its policies. */
  checkComplete(path: readonly PathCertificate[], anchor: PathCertificate): readonly string[] {
    const { at, budget, request, known, presented } = this.search;
    // Paths of signers repeat what is proven already: their steps are counted, and what signatures they cost.
    if (this.signerDepth === 0) budget.spendPath();
    const { revocation, validity, policies: inputs, ...use } = policyFor(anchor, request);
    const [leaf] = path;
    if (request.anchorPolicy !== undefined && leaf !== undefined) {
      if (this.signerDepth === 0) checkEndEntityUse(leaf, { ...use, purpose: request.purpose });
      checkValidity(path, validity, at);
    }
    checkProfile(path, this.signerDepth === 0 ? use.profile : PROFILES_OF_SIGNERS[use.profile]);
    checkNameConstraints(path, budget);
    const policies = validPolicies(path, inputs);
    const candidates = [...path, ...known.certificates, ...presented.certificates];
    const signerPath = (signer: PathCertificate, purpose: 'crl' | 'ocsp'): readonly PathCertificate[] | undefined =>
      this.signerPath(signer, purpose, anchor, revocation);
    checkRevocation({ path, at, budget, candidates, signerPath }, revocation);
    return policies;
  }

  private signerPath(
    signer: PathCertificate,
    purpose: 'crl' | 'ocsp',
    anchor: PathCertificate,
    policy: RevocationPolicy,
  ): readonly PathCertificate[] | undefined {
    if (signer === anchor) return [anchor];
    if (this.signerDepth === MAX_SIGNER_DEPTH) return undefined;
    const revocation = purpose === 'ocsp' ? revocationOfDelegates(policy) : policy;
    if (revocation === undefined) return undefined;
    const { search } = this;
    const { anchorPolicy } = search.request;
    const request: PathRequest = {
      ...search.request,
      purpose: purpose === 'ocsp' ? purpose : 'any',
      revocation,
      // What is acceptable is said of the certificate that was presented, not of who signs its status.
      policies: {},
      ...(anchorPolicy && { anchorPolicy: (its) => ({ ...anchorPolicy(its), revocation, policies: {} }) }),
    };
    const anchors = new CertificatePool([anchor]);
    try {
      checkStatusSigner(signer, search.at, purpose);
      return new PathBuilder({ ...search, request, anchors }, this.signerDepth + 1).extend([signer]).path;
    } catch (error) {
      // An exhausted budget is the whole verification's, whoever exhausted it.
      if (error instanceof VerifierError && error.code !== 'BUDGET_EXCEEDED') return undefined;
      throw error;
    }
  }
}

// Contents that only a rule looks into: what cannot be read there is one certificate's fault, and no reason to end the search.
function asRefusal(error: unknown, depth: number): unknown {
  return error instanceof X509Error ? new VerifierError({ code: 'CERTIFICATE_MALFORMED', depth }, error) : error;
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

/** What was presented beside the end entity and is not known anyway. */
function presentedPool(
  presented: readonly Uint8Array[],
  { anchors, known, request }: Pick<Search, 'anchors' | 'known' | 'request'>,
): CertificatePool {
  const { serialNumbers = 'positive' } = request;
  const pool = new CertificatePool([]);
  for (const der of presented) {
    if (anchors.find(der) !== undefined || known.find(der) !== undefined) continue;
    for (const certificate of orNothing(() => readPathCertificate(Uint8Array.from(der), 1, { serialNumbers })))
      pool.add(certificate);
  }
  return pool;
}

function both(a: readonly PathCertificate[], b: readonly PathCertificate[]): readonly PathCertificate[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}

/**
 * Whether the same entity stands in the path: one name with one key and one subjectAltName, as Go's crypto/x509 has it. Cross
 * certificates differ as octets, so those cannot tell a loop. A trust anchor that is presented as an end entity is not its own
 * issuer either: nobody could revoke it.
 */
function isAlreadyIn(path: readonly PathCertificate[], issuer: PathCertificate): boolean {
  return path.some(
    ({ certificate }) =>
      equalBytes(certificate.subjectPublicKeyInfo, issuer.certificate.subjectPublicKeyInfo) &&
      equalNames(certificate.subject, issuer.certificate.subject) &&
      sameValue(
        certificate.extensions.get(Oid.subjectAltName)?.value,
        issuer.certificate.extensions.get(Oid.subjectAltName)?.value,
      ),
  );
}

function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
