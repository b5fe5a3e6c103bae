import type { Problem } from '@touchmark/server';
import type { FeedRefusedError } from './feed-refused-error.js';

const RETRY_AFTER_SECONDS = 5;

/** What a refusal means over HTTP. */
export function describeFeedRefusal({ code, retryAfter = RETRY_AFTER_SECONDS }: FeedRefusedError): Problem {
  switch (code) {
    case 'POSITION_INVALID':
      return { code, status: 400, title: 'epoch and after are whole numbers, both or neither' };
    case 'CERTIFICATE_NOT_GATEWAY':
      return { code, status: 403, title: 'The certificate is neither of a gateway nor of a service' };
    case 'REALM_FOREIGN':
      return { code, status: 403, title: 'The certificate is of another realm' };
    case 'STREAMS_EXHAUSTED':
      return { code, status: 429, title: 'This gateway follows as often as it may', retryAfter };
    case 'CONNECTS_TOO_FREQUENT':
      return { code, status: 429, title: 'This gateway connected too often', retryAfter };
    case 'FEED_FULL':
      return { code, status: 503, title: 'No more followers are taken here', retryAfter };
    case 'FEED_EMPTY':
      return { code, status: 503, title: 'No status is published yet', retryAfter };
    case 'STATUS_NOT_PROVEN':
      return { code, status: 503, title: 'Who is revoked is not known at the moment', retryAfter };
    case 'FEED_CLOSING':
      return { code, status: 503, title: 'This process is stopping', retryAfter };
    case 'CERTIFICATE_MISSING':
      return { code, status: 401, title: 'A client certificate is needed' };
    case 'CHAIN_TOO_LARGE':
    case 'CERTIFICATE_MALFORMED':
    case 'UNKNOWN_ISSUER':
    case 'BAD_SIGNATURE':
    case 'SIGNATURE_ALGORITHM_REFUSED':
    case 'KEY_REFUSED':
    case 'ALGORITHM_UNSUPPORTED':
    case 'EXTENSION_UNSUPPORTED':
    case 'SUBJECT_MISSING':
    case 'CERT_NOT_YET_VALID':
    case 'CERT_EXPIRED':
    case 'NOT_A_CA':
    case 'END_ENTITY_IS_CA':
    case 'KEY_USAGE_MISSING':
    case 'EXT_KEY_USAGE_MISSING':
    case 'NO_REV_AVAIL_CONTRADICTED':
    case 'PATH_LEN_EXCEEDED':
    case 'PATH_TOO_LONG':
    case 'NAME_NOT_PERMITTED':
    case 'PROFILE_VIOLATED':
    case 'POLICY_MAPPING_INVALID':
    case 'POLICY_REQUIRED':
    case 'BUDGET_EXCEEDED':
    case 'CERT_REVOKED':
    case 'CERT_SUSPENDED':
    case 'STATUS_UNKNOWN':
    case 'IDENTITY_MALFORMED':
      return { code, status: 401, title: 'The client certificate does not hold' };
    default:
      // the verifier may learn codes: whatever they say of a certificate, it does not hold
      return { code: code satisfies never, status: 401, title: 'The client certificate does not hold' };
  }
}
