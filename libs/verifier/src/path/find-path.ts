import { type Certificate, parseCertificate, X509Error } from '@touchmark/x509';

import { VerifierError } from '../error.js';
import { termsUnder } from './anchor-terms.js';
import { Budget } from './budget.js';
import { checkEndEntity, checkEndEntityUse } from './certificate-checks.js';
import { CertificatePool } from './certificate-pool.js';
import { checkRequest } from './check-request.js';
import { knownAnchors, knownPool } from './known-certificates.js';
import { PathCertificate, readPathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';
import { PathSearch } from './path-search.js';
import type { FoundPath, Search } from './search.js';

/** CA certificates between end entity and trust anchor; rustls-webpki takes 6. */
const MAX_DEPTH = 7;
const MAX_PRESENTED = 10;
export const MAX_CERTIFICATE_OCTETS = 16_384;
const MAX_CHAIN_OCTETS = 65_536;

const NO_CERTIFICATES: readonly Certificate[] = [];

/** As `verifyPath`, for those who look further into the path; throws VerifierError instead of answering it. */
export function findPath(request: PathRequest): FoundPath {
  checkRequest(request);
  const { chain, serialNumbers = 'positive' } = request;
  const [first, ...presented] = chain;
  if (first === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
  checkSize(chain);
  // Octets of our own, here and below: what is remembered of a certificate must not change under a caller's buffer.
  const leaf = readPathCertificate(Uint8Array.from(first), 0, { serialNumbers });
  const search = searchFor(request);
  checkFirst(leaf, request, search);
  const paths = new PathSearch(search);
  for (const [i, der] of presented.entries()) {
    const flaw = present(der, search, serialNumbers);
    if (flaw !== undefined) paths.note({ code: 'CERTIFICATE_MALFORMED', depth: i + 1 }, flaw);
  }
  const found = paths.extend([leaf]);
  if (found === undefined) throw paths.failure();
  return found;
}

/**
 * Judges anew, at another time, a path that was found before under the same purpose: dates, anchor, profile, name constraints and
 * revocation, all but what cannot change (who issued whom, and that the signatures are good). Keep the path's objects. Throws VerifierError;
 * there may be another path then.
 */
export function recheckPath(path: readonly PathCertificate[], request: Omit<PathRequest, 'chain'>): void {
  checkRequest(request);
  const [leaf] = path;
  const last = path[path.length - 1];
  if (leaf === undefined || last === undefined || leaf === last) throw new TypeError('a path has two ends');
  const found = searchFor(request);
  // Who signs status may stand below the CAs that were presented.
  const presented = path.slice(1, -1).filter(({ certificate }) => found.known.find(certificate.der) === undefined);
  const search = { ...found, presented: new CertificatePool(presented) };
  const anchor = search.anchors.pool.find(last.certificate.der);
  if (anchor === undefined) throw new VerifierError({ code: 'UNKNOWN_ISSUER', depth: path.length - 2 });
  // Who signs its status may stand below one of these, and nobody presents them again.
  for (const ca of path.slice(1, -1)) search.presented.add(ca);
  checkFirst(leaf, request, search);
  new PathSearch(search).complete(path, anchor);
}

function searchFor(request: Omit<PathRequest, 'chain'>): Search {
  const { purpose, at, maxDepth = MAX_DEPTH, monotonic, trustAnchors, intermediates = NO_CERTIFICATES } = request;
  const anchors = knownAnchors(trustAnchors);
  return {
    purpose,
    at: Math.floor(at),
    maxDepth,
    budget: new Budget(monotonic),
    anchors,
    known: knownPool(intermediates),
    presented: new CertificatePool([]),
    termsOf: (anchor) => termsUnder(request, anchors.termsOf(anchor)),
    signerDepth: 0,
  };
}

/** What needs no path, or would be the same at the end of each. */
function checkFirst(
  leaf: PathCertificate,
  request: Omit<PathRequest, 'chain'>,
  { at, anchors, purpose }: Pick<Search, 'at' | 'anchors' | 'purpose'>,
): void {
  checkEndEntity(leaf, at);
  if (anchors.arePlain) checkEndEntityUse(leaf, purpose, termsUnder(request, {}));
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

/** Takes what was presented beside the end entity and is not known anyway. Answers what is wrong with octets that are no certificate. */
function present(
  der: Uint8Array,
  { anchors, known, presented }: Pick<Search, 'anchors' | 'known' | 'presented'>,
  serialNumbers: 'positive' | 'any',
): X509Error | undefined {
  if (known.find(der) !== undefined) return undefined;
  // An anchor under whose terms a path fails may be a CA below another.
  const anchor = anchors.pool.find(der);
  if (anchor !== undefined) {
    presented.add(anchor);
    return undefined;
  }
  let certificate: Certificate | undefined;
  try {
    certificate = parseCertificate(Uint8Array.from(der), { serialNumbers });
    presented.add(new PathCertificate(certificate));
    return undefined;
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    if (certificate === undefined) return error;
    presented.addUnreadable(certificate.subject, error);
    return undefined;
  }
}
