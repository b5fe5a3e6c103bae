import { VerifierError } from '../error.js';
import { findPath } from './find-path.js';
import type { PathRequest, PathResult } from './path-request.js';

/**
 * Builds and validates a certification path (RFC 5280 section 6.1). Synchronous, no I/O. It refuses by answering; it throws
 * TypeError for a time that is none, and what the sources of status throw. When several paths fail, the error of the one that came
 * furthest is answered.
 */
export function verifyPath(request: PathRequest): PathResult {
  try {
    const { path, policies } = findPath(request);
    const certificates = path.map(({ certificate }) => certificate);
    const [leaf] = certificates;
    if (leaf === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
    return { ok: true, path: certificates, leaf, policies };
  } catch (error) {
    if (error instanceof VerifierError) return { ok: false, error };
    throw error;
  }
}
