import type { ProblemDescription } from './problem.js';
import { ServerError, type ServerErrorCode } from './server-error.js';

const REALM = 'Bearer realm="touchmark"';

/** RFC 6750 section 3: which error the client made stands in WWW-Authenticate, and no error where it sent no token. */
const INVALID_TOKEN = { 'WWW-Authenticate': `${REALM}, error="invalid_token"` };

/** What this library's own codes mean over HTTP; undefined for those that can only happen at start-up. */
export function describeServerError(error: ServerError): ProblemDescription | undefined {
  const code: ServerErrorCode = error.code;
  switch (code) {
    case 'VALIDATION_FAILED':
      return {
        status: 400,
        title: 'The request does not have the expected shape',
        errors: ServerError.is(error, code) ? error.context.errors : [],
      };
    case 'MEDIA_TYPE_UNSUPPORTED':
      return {
        status: 415,
        title: 'This media type is not accepted here',
        // RFC 9110 section 15.5.16: Accept in a 415 answer names what would have been taken.
        headers: ServerError.is(error, code) ? { Accept: error.context.accepted.join(', ') } : {},
      };
    case 'TOKEN_MISSING':
      return { status: 401, title: 'An access token is needed', headers: { 'WWW-Authenticate': REALM } };
    case 'TOKEN_INVALID':
      return { status: 401, title: 'The access token is not valid', headers: INVALID_TOKEN };
    case 'TOKEN_EXPIRED':
      return { status: 401, title: 'The access token has expired', headers: INVALID_TOKEN };
    case 'TOKEN_REVOKED':
      return { status: 401, title: 'The access token was revoked', headers: INVALID_TOKEN };
    case 'ROLE_MISSING':
      return {
        status: 403,
        title: 'The access token does not carry a role for this',
        headers: { 'WWW-Authenticate': `${REALM}, error="insufficient_scope"` },
      };
    case 'IDEMPOTENCY_KEY_INVALID':
      return { status: 400, title: 'The Idempotency-Key is not usable' };
    case 'IDEMPOTENCY_KEY_REUSED':
      return { status: 409, title: 'The Idempotency-Key belongs to another request' };
    case 'IDEMPOTENCY_IN_PROGRESS':
      return {
        status: 409,
        title: 'The first request with this Idempotency-Key is still running',
        ...(ServerError.is(error, code) && { retryAfter: error.context.retryAfter }),
      };
    case 'NOT_READY':
      return { status: 503, title: 'Not ready' };
    case 'PORT_IN_USE':
    case 'PORT_FORBIDDEN':
    case 'LISTEN_FAILED':
    case 'NODE_TOO_OLD':
    case 'ROUTE_UNPROTECTED':
    case 'CONFIG_INVALID':
      return undefined;
    default:
      return code satisfies never;
  }
}
