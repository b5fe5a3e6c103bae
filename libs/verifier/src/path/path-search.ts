import { X509Error } from '@touchmark/x509';

import { saysMore, VerifierError, type VerifierErrorDetail } from '../error.js';
import { checkRevocation } from '../revocation/check-revocation.js';
import {
  checkEndEntityUse,
  checkSignature,
  checkStatusSigner,
  flawOfIssuer,
  flawOfValidity,
  refuse,
} from './certificate-checks.js';
import { likeliestFirst } from './issuer-order.js';
import { checkNameConstraints } from './name-constraints/check-name-constraints.js';
import type { PathCertificate } from './path-certificate.js';
import { validPolicies } from './policies/valid-policies.js';
import { checkProfile } from './profiles/check-profile.js';
import { isAlreadyIn } from './same-entity.js';
import type { FoundPath, Search } from './search.js';
import { signerSearch } from './signer-search.js';

/** Flaws of candidates that are remembered at most, to be told if nothing better fails. */
const MAX_DOUBTFUL = 32;

/** A candidate that could not be the issuer; whether its key signed nobody has looked at. */
interface Doubtful {
  readonly flaw: VerifierErrorDetail;
  readonly signed: PathCertificate;
  readonly issuer: PathCertificate;
  /** Of what is signed. */
  readonly depth: number;
}

/** Looks for a path, depth first, trust anchors before others, and goes back at any failure (RFC 4158). */
export class PathSearch {
  private readonly search: Search;
  private readonly doubtful: Doubtful[] = [];
  private worst: { readonly detail: VerifierErrorDetail; readonly cause: unknown } | undefined;

  constructor(search: Search) {
    this.search = search;
  }

  /** The whole path that begins with `path`; undefined if there is none. Throws BUDGET_EXCEEDED. */
  extend(path: readonly PathCertificate[]): FoundPath | undefined {
    const { anchors, known, presented, maxDepth, at } = this.search;
    const last = path[path.length - 1];
    if (last === undefined) throw new TypeError('a path begins with an end entity');
    const { issuer: name } = last.certificate;
    for (const anchor of likeliestFirst(last, anchors.pool.named(name), at)) {
      const found = this.step(path, last, anchor, (longer) => this.complete(longer, anchor));
      if (found !== undefined) return found;
    }
    const issuers = both(known.named(name), presented.named(name));
    if (path.length > maxDepth && issuers.length > 0) {
      this.note({ code: 'PATH_TOO_LONG' });
    } else {
      for (const issuer of likeliestFirst(last, issuers, at)) {
        const found = this.step(path, last, issuer, (longer) => this.extend(longer));
        if (found !== undefined) return found;
      }
    }
    this.note({ code: 'UNKNOWN_ISSUER', depth: path.length - 1 });
    const unreadable = anchors.pool.flawOf(name) ?? known.flawOf(name) ?? presented.flawOf(name);
    if (unreadable !== undefined) this.note({ code: 'CERTIFICATE_MALFORMED', depth: path.length }, unreadable);
    return undefined;
  }

  /** What is asked of a path as a whole, once its signatures lead to a trust anchor, in the order of what it costs. */
  complete(path: readonly PathCertificate[], anchor: PathCertificate): FoundPath {
    const { search } = this;
    const { at, budget, known, presented, purpose, signerDepth } = search;
    const terms = search.termsOf(anchor);
    refuse(flawOfValidity(path, terms.validity, at));
    // Paths of signers repeat what is proven already: their steps are counted, and what signatures they cost.
    if (signerDepth === 0) budget.spendPath();
    const [leaf] = path;
    if (signerDepth === 0 && !search.anchors.arePlain && leaf !== undefined) checkEndEntityUse(leaf, purpose, terms);
    checkProfile(path, terms.profile);
    checkNameConstraints(path, budget);
    const certificatePolicies = validPolicies(path, terms.certificatePolicies);
    const candidates = [...path, ...known.certificates, ...presented.certificates];
    const question = {
      path,
      at,
      budget,
      candidates,
      signerPath: (signer: PathCertificate, use: 'crl' | 'ocsp') => this.signerPath(anchor, signer, use),
    };
    checkRevocation(question, terms.revocation);
    return { path, certificatePolicies };
  }

  /** Keeps what says most of all that was wrong. */
  note(detail: VerifierErrorDetail, cause?: unknown): void {
    if (this.worst === undefined || saysMore(detail, this.worst.detail)) this.worst = { detail, cause };
  }

  /** Why there is no path. Candidates that did not sign have nothing to tell: strangers may have any name. */
  failure(): VerifierError {
    for (const { flaw, signed, issuer, depth } of this.doubtful.toSorted(mostFirst)) {
      if (this.worst !== undefined && !saysMore(flaw, this.worst.detail)) break;
      try {
        checkSignature(signed, issuer, depth, this.search.budget);
        this.note(flaw);
        break;
      } catch (error) {
        if (!(error instanceof VerifierError)) throw error;
        // The search is over: there is no more to do than what there was budget for.
        if (error.code === 'BUDGET_EXCEEDED') break;
        this.note(error.detail, error.cause);
      }
    }
    const { detail, cause } = this.worst ?? { detail: { code: 'UNKNOWN_ISSUER', depth: 0 }, cause: undefined };
    return new VerifierError(detail, cause);
  }

  private signerPath(
    anchor: PathCertificate,
    signer: PathCertificate,
    purpose: 'crl' | 'ocsp',
  ): readonly PathCertificate[] | undefined {
    if (signer === anchor) return [anchor];
    const search = signerSearch(this.search, anchor, purpose);
    if (search === undefined) return undefined;
    try {
      checkStatusSigner(signer, search.at, purpose);
      return new PathSearch(search).extend([signer])?.path;
    } catch (error) {
      // An exhausted budget is the whole verification's, whoever exhausted it.
      if (error instanceof VerifierError && error.code !== 'BUDGET_EXCEEDED') return undefined;
      throw error;
    }
  }

  private step(
    path: readonly PathCertificate[],
    signed: PathCertificate,
    issuer: PathCertificate,
    goOn: (longer: readonly PathCertificate[]) => FoundPath | undefined,
  ): FoundPath | undefined {
    const { budget } = this.search;
    const depth = path.length - 1;
    if (isAlreadyIn(path, issuer)) return undefined;
    budget.spendStep();
    const flaw = this.flawOfStep(path, signed, issuer);
    if (flaw !== undefined) {
      if (this.doubtful.length < MAX_DOUBTFUL) this.doubtful.push({ flaw, signed, issuer, depth });
      return undefined;
    }
    try {
      checkSignature(signed, issuer, depth, budget);
      return goOn([...path, issuer]);
    } catch (error) {
      if (error instanceof X509Error) {
        // Contents that only a rule looks into: what cannot be read there is one path's fault, and no reason to end the search.
        this.note({ code: 'CERTIFICATE_MALFORMED', depth }, error);
        return undefined;
      }
      // An exhausted budget ends the search: trying on is what it forbids.
      if (!(error instanceof VerifierError) || error.code === 'BUDGET_EXCEEDED') throw error;
      this.note(error.detail, error.cause);
      return undefined;
    }
  }

  private flawOfStep(
    path: readonly PathCertificate[],
    signed: PathCertificate,
    issuer: PathCertificate,
  ): VerifierErrorDetail | undefined {
    const { at, anchors, purpose } = this.search;
    const depth = path.length;
    const ended = flawOfValidity([issuer], 'now', at, depth);
    // Which model holds is the anchor's to say. What fits neither leads nowhere.
    if (ended !== undefined) {
      const hadEnded = flawOfValidity([issuer], 'now', signed.certificate.notBefore, depth);
      if (!anchors.allowEnded || hadEnded !== undefined) return anchors.allowEnded ? hadEnded : ended;
    }
    const intermediates = path.slice(1).filter((ca) => !ca.selfIssued).length;
    return flawOfIssuer(issuer, depth, { purpose, intermediates });
  }
}

function mostFirst(a: Doubtful, b: Doubtful): number {
  if (saysMore(a.flaw, b.flaw)) return -1;
  return saysMore(b.flaw, a.flaw) ? 1 : 0;
}

function both(a: readonly PathCertificate[], b: readonly PathCertificate[]): readonly PathCertificate[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}
