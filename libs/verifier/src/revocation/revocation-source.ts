import type { Certificate } from '@touchmark/x509';

import type { Budget } from '../path/budget.js';
import type { PathCertificate } from '../path/path-certificate.js';
import type { RevocationFinding } from './finding.js';

/** What a source is asked: about one certificate of a path that holds otherwise. Nothing in it is to be written to. */
export interface StatusQuestion {
  /** From the end entity to the trust anchor. */
  readonly path: readonly Certificate[];
  /** Which of them is asked about: 0 for the end entity, never the trust anchor. */
  readonly depth: number;
  /** `path[depth]`. */
  readonly subject: Certificate;
  /** `path[depth + 1]`. */
  readonly issuer: Certificate;
  /** UTC seconds. */
  readonly at: number;
}

/** The same with all that our own sources need to find out. */
export interface RevocationQuestion {
  /** From the end entity to the trust anchor. */
  readonly path: readonly PathCertificate[];
  /** Which of them is asked about: 0 for the end entity, never the trust anchor. */
  readonly depth: number;
  /** `path[depth]`. */
  readonly subject: PathCertificate;
  /** `path[depth + 1]`. */
  readonly issuer: PathCertificate;
  /** UTC seconds. */
  readonly at: number;
  /** Shared with the whole verification: spend before each signature check. */
  readonly budget: Budget;
  /** Certificates at hand that may have signed a CRL or an OCSP response; nothing of them is proven. */
  readonly candidates: readonly PathCertificate[];
  /**
   * The path of a certificate that signs status, to the trust anchor of this path (RFC 5280 6.3.3 (f)), itself not revoked;
   * undefined if there is none. `crl` needs no purpose, `ocsp` OCSPSigning.
   */
  signerPath(signer: PathCertificate, purpose: 'crl' | 'ocsp'): readonly PathCertificate[] | undefined;
  /** Whether a seat or a denylist of the policy has something against a certificate of the same issuer's that need not be known good. */
  withdrawn(delegate: PathCertificate): boolean;
}

/** Where status is asked for. It answers from what it was given before: synchronously, without I/O. */
export interface RevocationSource {
  /**
   * What it goes by, which decides when it is asked. `crl`, `ocsp`: what the issuer publishes; noRevAvail (RFC 9608) and the scope
   * `end-entity` spare it, and `ocsp` is not asked about who signs OCSP responses. `seat`, `token-status-list`: what is kept of every
   * certificate; never spared. `denylist`: as those, but it can only say `revoked` and `unlisted`. A source of your own takes the kind
   * of what it stands for.
   */
  readonly kind: 'seat' | 'token-status-list' | 'crl' | 'ocsp' | 'denylist';
  /** Counts the changes of what it knows, so that who tracks connections asks again when there is reason to. */
  readonly changes?: number;
  find(question: StatusQuestion): RevocationFinding;
}

/** Which sources are asked, and what it means that none of them knows. */
export interface RevocationPolicy {
  /**
   * All are asked until one says revoked; one that says good is enough if none says revoked or suspended. Never empty: who wants no
   * status asks for `uncheckedRevocation`.
   */
  readonly sources: readonly RevocationSource[];
  /**
   * Which certificates are asked about: `path`, the default, is every one below the trust anchor; `end-entity` is for anchors whose
   * CAs publish nothing about their intermediates.
   */
  readonly scope?: 'path' | 'end-entity';
  /** `deny` if left out: nothing is known of the certificate. */
  readonly whenUnknown?: 'deny' | 'allow';
  /** `deny` if left out: all that is known is too old, and does not list it as revoked. */
  readonly whenStale?: 'deny' | 'allow';
}

// What path validation remembers of certificates (whose signatures were good, above all) is not for a caller's source to write to.
const behind = new WeakMap<StatusQuestion, RevocationQuestion>();

/** The question as a source is asked it. */
export function askable(question: RevocationQuestion): StatusQuestion {
  const { path, depth, subject, issuer, at } = question;
  const asked = Object.freeze({
    path: Object.freeze(path.map(({ certificate }) => certificate)),
    depth,
    subject: subject.certificate,
    issuer: issuer.certificate,
    at,
  });
  behind.set(asked, question);
  return asked;
}

/** All of the question; TypeError for one that was not asked by path validation. */
export function questionBehind(asked: StatusQuestion): RevocationQuestion {
  const question = behind.get(asked);
  if (question === undefined) throw new TypeError('sources are asked by path validation alone');
  return question;
}
