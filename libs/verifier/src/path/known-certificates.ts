import { type Certificate, parseCertificate, X509Error } from '@touchmark/x509';

import type { AnchorTerms, TrustAnchor } from './anchor-terms.js';
import { CertificatePool } from './certificate-pool.js';
import { checkTerms } from './check-request.js';
import { knownPathCertificate, type PathCertificate } from './path-certificate.js';

/** A trust anchor as callers give it: DER, parsed, or with terms of its own. */
export type GivenAnchor = Uint8Array | Certificate | TrustAnchor;

interface Kept<Given, Known> {
  readonly of: readonly Given[];
  readonly known: Known;
}

// By the array that a caller keeps: what is read of DER is kept with the array, what is read of a Certificate with that object. The
// members are compared each time, which costs nothing beside the rest: arrays do change.
const pools = new WeakMap<readonly (Uint8Array | Certificate)[], Kept<Uint8Array | Certificate, CertificatePool>>();
const anchorLists = new WeakMap<readonly GivenAnchor[], Kept<GivenAnchor, KnownAnchors>>();

/** The CA certificates that a caller keeps. */
export function knownPool(given: readonly (Uint8Array | Certificate)[]): CertificatePool {
  return keptIn(pools, given, () => {
    const pool = new CertificatePool([]);
    for (const certificate of given) read(certificate, pool);
    return pool;
  });
}

/** The trust anchors that a caller keeps. Throws TypeError for terms that make no sense. */
export function knownAnchors(given: readonly GivenAnchor[]): KnownAnchors {
  return keptIn(anchorLists, given, () => new KnownAnchors(given));
}

/** Trust anchors, and the terms of those that have some. */
export class KnownAnchors {
  readonly pool = new CertificatePool([]);
  private readonly own = new Map<PathCertificate, AnchorTerms>();

  constructor(given: readonly GivenAnchor[]) {
    for (const anchor of given) {
      if (!isTrustAnchor(anchor)) {
        read(anchor, this.pool);
        continue;
      }
      const { certificate, ...terms } = anchor;
      checkTerms(terms);
      const before = this.pool.certificates.length;
      const known = read(certificate, this.pool);
      // One that is there already has the terms, or none, with which it came first.
      const isNew = known !== undefined && this.pool.certificates.length > before;
      if (isNew && Object.values(terms).some((term) => term !== undefined)) this.own.set(known, terms);
    }
  }

  /** Whether all have the same terms: those of the request. */
  get arePlain(): boolean {
    return this.own.size === 0;
  }

  /** Whether some are content with CAs that were valid when they issued. */
  get allowEnded(): boolean {
    return [...this.own.values()].some(({ validity }) => validity === 'when-issued');
  }

  termsOf(anchor: PathCertificate): AnchorTerms {
    return this.own.get(anchor) ?? {};
  }
}

export function isTrustAnchor(given: GivenAnchor): given is TrustAnchor {
  return !(given instanceof Uint8Array) && 'certificate' in given;
}

/**
 * What can be read goes into the pool. What cannot is no candidate, since it must not spoil a path that does not need it, but is
 * remembered by its name for who looks for it.
 */
function read(given: Uint8Array | Certificate, pool: CertificatePool): PathCertificate | undefined {
  try {
    // Octets of our own: what is known must not change under the caller's hands.
    const certificate = given instanceof Uint8Array ? parseCertificate(Uint8Array.from(given)) : given;
    return addTo(pool, certificate);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

function addTo(pool: CertificatePool, certificate: Certificate): PathCertificate | undefined {
  const same = pool.find(certificate.der);
  if (same !== undefined) return same;
  try {
    const known = knownPathCertificate(certificate);
    pool.add(known);
    return known;
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    pool.addUnreadable(certificate.subject, error);
    return undefined;
  }
}

function keptIn<Given, Known>(
  kept: WeakMap<readonly Given[], Kept<Given, Known>>,
  given: readonly Given[],
  make: () => Known,
): Known {
  const before = kept.get(given);
  if (before !== undefined && isSame(before.of, given)) return before.known;
  const known = make();
  kept.set(given, { of: [...given], known });
  return known;
}

function isSame<Given>(a: readonly Given[], b: readonly Given[]): boolean {
  return a.length === b.length && a.every((member, i) => member === b[i]);
}
