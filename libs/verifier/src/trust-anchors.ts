import { equalBytes } from '@touchmark/der';
import { type Certificate, checkKeyPolicy, parseCertificate } from '@touchmark/x509';

import type { AnchorIdentity } from './anchor-identity.js';
import { isRealm } from './identity.js';
import type { AnchorTerms, TrustAnchor } from './path/anchor-terms.js';
import { checkChoice, checkTerms } from './path/check-request.js';
import { flawOfIssuer } from './path/certificate-checks.js';
import { knownPathCertificate } from './path/path-certificate.js';
import type { RevocationSource } from './revocation/revocation-source.js';

/** A CA that is trusted under terms of its own: one of another vendor, for example. What is left out is as for a plain anchor. */
export interface TrustAnchorOptions extends AnchorTerms {
  /** DER. */
  readonly certificate: Uint8Array;
  /**
   * `spiffe`: clients below it must have one of our SPIFFE URIs, and are who that says. `any`: they are whoever their other names say,
   * never one of our devices. If left out, `any` where there is a `revocation` of its own, else `spiffe`.
   */
  readonly identity?: 'spiffe' | 'any';
  /**
   * The only realm that it may name, for `identity` `spiffe`; any if left out. It must be there where there is a `revocation` of its
   * own, too: who judges status by other sources is another CA than ours.
   */
  readonly realm?: string;
  /** What certificates below it are accepted for: clients alone where `identity` is `any`, else clients and servers, if left out. */
  readonly purposes?: readonly ('client' | 'server')[];
  /** `false` counts for clients alone: a server must have serverAuth. */
  readonly requireExtKeyUsage?: boolean;
}

interface Anchor {
  readonly certificate: Certificate;
  /** undefined for one that was given without terms. */
  readonly terms: AnchorTerms | undefined;
  readonly identity: Omit<AnchorIdentity, 'reserved'>;
  readonly purposes: ReadonlySet<'client' | 'server'>;
}

/** The anchors of one purpose, with their terms. Each array is the same object each time. */
interface AnchorsFor {
  readonly all: readonly (Certificate | TrustAnchor)[];
  /** Those below which certificates have seats. */
  readonly seated: readonly (Certificate | TrustAnchor)[];
}

const IDENTITIES = ['spiffe', 'any'] as const satisfies readonly TrustAnchorOptions['identity'][];
const BOTH = ['client', 'server'] as const;

/** The CAs that are trusted, each with its terms. */
export class TrustAnchors {
  private readonly anchors: ReadonlyMap<Certificate, Anchor>;
  private readonly reserved: ReadonlySet<string>;
  private readonly purposes: Readonly<Record<'client' | 'server', AnchorsFor>>;
  /** Those below which certificates have seats: status keys lead to these alone, whatever else they are for. */
  readonly seated: readonly Certificate[];
  /** Of all terms, each source once. */
  readonly sources: readonly RevocationSource[];

  /**
   * `realm` is ours. Throws X509Error for what is no certificate, TypeError for terms that make no sense, for an anchor that is there
   * twice with terms, and for one at which no path can end.
   */
  constructor(given: readonly (Uint8Array | TrustAnchorOptions)[], realm: string) {
    const anchors = eachOnce(given.map(readAnchor));
    this.anchors = new Map(anchors.map((anchor) => [anchor.certificate, anchor]));
    this.reserved = new Set([realm, ...anchors.flatMap(({ identity }) => identity.realm ?? [])]);
    this.purposes = { client: anchorsFor('client', anchors), server: anchorsFor('server', anchors) };
    this.seated = anchors.filter(hasSeats).map(({ certificate }) => certificate);
    this.sources = [...new Set(anchors.flatMap(({ terms }) => terms?.revocation?.sources ?? []))];
  }

  for(purpose: 'client' | 'server'): AnchorsFor {
    return this.purposes[purpose];
  }

  /** TypeError for a certificate that is none of these objects. */
  of(certificate: Certificate | undefined): { terms: AnchorTerms; identity: AnchorIdentity } {
    const anchor = certificate && this.anchors.get(certificate);
    if (anchor === undefined) throw new TypeError('not a trust anchor');
    const { terms = {}, identity } = anchor;
    return { terms, identity: { ...identity, reserved: this.reserved } };
  }
}

function readAnchor(given: Uint8Array | TrustAnchorOptions): Anchor {
  if (given instanceof Uint8Array) {
    const identity = { kind: 'spiffe', realm: undefined } as const;
    return { certificate: readOwn(given), terms: undefined, identity, purposes: new Set(BOTH) };
  }
  const { certificate, identity, realm, purposes, ...terms } = given;
  checkChoice('identity', identity, IDENTITIES);
  checkTerms(terms);
  for (const purpose of purposes ?? []) checkChoice('purposes', purpose, BOTH);
  if (purposes?.length === 0) throw new TypeError('a trust anchor needs a purpose');
  const kind = identity ?? (terms.revocation === undefined ? 'spiffe' : 'any');
  checkRealm(kind, realm, terms);
  const fallback = kind === 'any' ? (['client'] as const) : BOTH;
  return {
    certificate: readOwn(certificate),
    terms,
    identity: { kind, realm },
    purposes: new Set(purposes ?? fallback),
  };
}

function checkRealm(kind: 'spiffe' | 'any', realm: string | undefined, { revocation }: AnchorTerms): void {
  if (realm !== undefined && (kind === 'any' || !isRealm(realm))) {
    throw new TypeError('realm must be the realm of an anchor with identity spiffe');
  }
  if (kind === 'spiffe' && revocation !== undefined && realm === undefined) {
    throw new TypeError('an anchor with identity spiffe and a revocation of its own needs a realm');
  }
}

// Which of two terms held would be decided by their order.
function eachOnce(anchors: readonly Anchor[]): readonly Anchor[] {
  return anchors.filter((anchor, n) => {
    const earlier = anchors.slice(0, n).find(({ certificate }) => equalBytes(certificate.der, anchor.certificate.der));
    if (earlier === undefined) return true;
    if (earlier.terms !== undefined || anchor.terms !== undefined) throw new TypeError('a trust anchor is there twice');
    return false;
  });
}

function anchorsFor(purpose: 'client' | 'server', all: readonly Anchor[]): AnchorsFor {
  const anchors = all.filter(({ purposes }) => purposes.has(purpose));
  return {
    all: anchors.map((anchor) => givenFor(purpose, anchor)),
    seated: anchors.filter(hasSeats).map((anchor) => givenFor(purpose, anchor)),
  };
}

function givenFor(purpose: 'client' | 'server', { certificate, terms }: Anchor): Certificate | TrustAnchor {
  if (terms === undefined) return certificate;
  return { certificate, ...terms, ...(purpose === 'server' && { requireExtKeyUsage: true }) };
}

function hasSeats({ terms }: Anchor): boolean {
  return terms?.revocation === undefined;
}

// Octets of our own: what is trusted must not change under the caller's hands.
function readOwn(der: Uint8Array): Certificate {
  const certificate = parseCertificate(Uint8Array.from(der));
  const anchor = knownPathCertificate(certificate);
  checkKeyPolicy(anchor.key);
  const flaw = flawOfIssuer(anchor, 0, { purpose: 'any', intermediates: 0 });
  if (flaw !== undefined) throw new TypeError(`no path can end at this trust anchor: ${flaw.code}`);
  return certificate;
}
