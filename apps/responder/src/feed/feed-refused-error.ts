import type { VerifierErrorCode } from '@touchmark/verifier';

/** Why the feed refuses. The verifier's codes: the certificate presented does not hold. */
export type FeedRefusalCode =
  | VerifierErrorCode
  /** A certificate that holds, but is no gateway's and no service's. */
  | 'CERTIFICATE_NOT_GATEWAY'
  /** A gateway of another realm. */
  | 'REALM_FOREIGN'
  /** `epoch` and `after` are not both there, or not numbers. */
  | 'POSITION_INVALID'
  /** The gateway follows as often as it may already, with whichever of its certificates. */
  | 'STREAMS_EXHAUSTED'
  /** The gateway connected too often. */
  | 'CONNECTS_TOO_FREQUENT'
  /** As many follow as this process is set to serve. */
  | 'FEED_FULL'
  /** Nothing is published yet. */
  | 'FEED_EMPTY'
  /** The responder cannot tell who is revoked now. */
  | 'STATUS_NOT_PROVEN'
  /** The process is stopping. */
  | 'FEED_CLOSING';

export class FeedRefusedError extends Error {
  override readonly name = 'FeedRefusedError';
  readonly code: FeedRefusalCode;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | undefined;

  constructor(code: FeedRefusalCode, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    super(code, options);
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}
