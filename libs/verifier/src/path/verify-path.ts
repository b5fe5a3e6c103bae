import { VerifierError } from '../error.js';
import { PolicyError } from '../policy-error.js';
import { matchesServerName } from '../server-name.js';
import { findPath } from './find-path.js';
import type { PathRequest, PathResult, ServerRequest } from './path-request.js';

/**
 * Builds and validates a certification path (RFC 5280 section 6.1). Synchronous, no I/O. It refuses by answering; it throws
 * TypeError for options that are none, and what the sources of status throw. When several paths fail, the error of the one that came
 * furthest is answered.
 *
 * Purpose `server` alone checks no name: hand in the `serverName` that was asked for.
 */
export function verifyPath(request: ServerRequest): PathResult<VerifierError | PolicyError>;
export function verifyPath(request: PathRequest): PathResult;
export function verifyPath(request: PathRequest | ServerRequest): PathResult<VerifierError | PolicyError> {
  const serverName = 'serverName' in request ? request.serverName : undefined;
  if (serverName !== undefined && (typeof serverName !== 'string' || request.purpose !== 'server')) {
    throw new TypeError('serverName is the text that was asked for, for purpose server');
  }
  try {
    const { path, certificatePolicies } = findPath(request);
    const [leaf] = path;
    if (leaf === undefined) throw new VerifierError({ code: 'CERTIFICATE_MISSING' });
    if (serverName !== undefined && !matchesServerName(leaf.subjectAltName ?? [], serverName)) {
      return { ok: false, error: new PolicyError({ code: 'SERVER_NAME_MISMATCH', serverName }) };
    }
    const certificates = path.map(({ certificate }) => certificate);
    return { ok: true, path: certificates, leaf: leaf.certificate, certificatePolicies };
  } catch (error) {
    if (error instanceof VerifierError) return { ok: false, error };
    throw error;
  }
}
