/** What went wrong between the verifier and its news: the feed and the cache folder. `cause` keeps what Node.js said. */
export type FeedErrorCode =
  /** No connection, or one that broke: name, port, TLS, network. */
  | 'FEED_UNREACHABLE'
  /** An HTTP status other than 200, a redirect, another Content-Type or an encoding that was not asked for. */
  | 'FEED_REFUSED'
  /** Octets that are no event stream or no JSON of messages. */
  | 'FEED_MALFORMED'
  /** A line, event or answer beyond what is read. */
  | 'FEED_TOO_LARGE'
  /** No new head for three times its interval: silence is no news, however many octets arrive. */
  | 'FEED_SILENT'
  /** The other side ended the stream. */
  | 'FEED_ENDED'
  /** A certificate that may not sign status, or one whose seat is not valid. */
  | 'SIGNER_REFUSED'
  /** Signed with a time ahead of ours: one of the two clocks is wrong. */
  | 'TIME_AHEAD'
  /** The cache folder or a file in it cannot be read. */
  | 'CACHE_UNREADABLE'
  /** It cannot be written: what is known lives in memory alone until it can. */
  | 'CACHE_UNWRITABLE';

/** Never thrown by the Verifier: it stands in events. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;
  /** HTTP status, where there was one. */
  readonly status: number | undefined;
  /** Seconds that the server asked to stay away. */
  readonly retryAfter: number | undefined;

  constructor(code: FeedErrorCode, context: { cause?: unknown; status?: number; retryAfter?: number } = {}) {
    super(context.status === undefined ? code : `${code} (${context.status})`, { cause: context.cause });
    this.code = code;
    this.status = context.status;
    this.retryAfter = context.retryAfter;
  }
}
