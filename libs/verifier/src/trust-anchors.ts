import { type Certificate, parseCertificate } from '@touchmark/x509';

import type { AnchorPolicies, AnchorPolicy } from './path/anchor-policy.js';
import { checkChoice, checkTerms } from './path/check-request.js';
import type { RevocationSource } from './revocation/revocation-source.js';

/** A CA that is trusted under terms of its own: one of another vendor, for example. What is left out is as for a plain anchor. */
export interface TrustAnchorOptions extends AnchorPolicy {
  /** DER. */
  readonly certificate: Uint8Array;
  /**
   * `spiffe`: clients below it must have one of our SPIFFE URIs, and are who that says. `any`: they are whoever their other names say,
   * never one of our devices. If left out, `any` where there is a `revocation` of its own, else `spiffe`.
   */
  readonly identity?: 'spiffe' | 'any';
}

const IDENTITIES = ['spiffe', 'any'] as const satisfies readonly TrustAnchorOptions['identity'][];

interface Anchor {
  readonly certificate: Certificate;
  /** undefined for one that was given without terms. */
  readonly policy: AnchorPolicy | undefined;
  readonly identity: 'spiffe' | 'any';
}

/** The CAs that are trusted, each with its terms. */
export class TrustAnchors {
  private readonly anchors: ReadonlyMap<Certificate, Anchor>;
  readonly certificates: readonly Certificate[];
  /** Those below which certificates have seats: status keys lead to these alone. */
  readonly seated: readonly Certificate[];
  /** Of all policies, each source once. */
  readonly sources: readonly RevocationSource[];
  /** undefined where all anchors are plain. */
  readonly policies: AnchorPolicies | undefined;

  /** Throws X509Error for what is no certificate, TypeError for terms that make no sense. */
  constructor(given: readonly (Uint8Array | TrustAnchorOptions)[]) {
    const anchors = given.map(readAnchor);
    this.anchors = new Map(anchors.map((anchor) => [anchor.certificate, anchor]));
    this.certificates = anchors.map(({ certificate }) => certificate);
    this.seated = anchors.flatMap(({ certificate, policy }) => (policy?.revocation === undefined ? [certificate] : []));
    this.sources = [...new Set(anchors.flatMap(({ policy }) => policy?.revocation?.sources ?? []))];
    const isPlain = anchors.every(({ policy }) => policy === undefined);
    this.policies = isPlain ? undefined : (anchor) => this.anchors.get(anchor)?.policy;
  }

  /** TypeError for a certificate that is none of these objects. */
  of(certificate: Certificate | undefined): Anchor {
    const anchor = certificate && this.anchors.get(certificate);
    if (anchor === undefined) throw new TypeError('not a trust anchor');
    return anchor;
  }
}

function readAnchor(given: Uint8Array | TrustAnchorOptions): Anchor {
  if (given instanceof Uint8Array) return { certificate: readOwn(given), policy: undefined, identity: 'spiffe' };
  const { certificate, identity, ...policy } = given;
  checkChoice('identity', identity, IDENTITIES);
  checkTerms(policy);
  const fallback = policy.revocation === undefined ? 'spiffe' : 'any';
  return { certificate: readOwn(certificate), policy, identity: identity ?? fallback };
}

// Octets of our own: what is trusted must not change under the caller's hands.
function readOwn(der: Uint8Array): Certificate {
  return parseCertificate(Uint8Array.from(der));
}
