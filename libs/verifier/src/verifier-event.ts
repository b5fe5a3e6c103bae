import type { VerifierErrorCode } from './error.js';
import type { FeedErrorCode } from './feed-error.js';
import type { PolicyErrorCode } from './policy-error.js';

/** What a Verifier has to tell beside its answers: for logs, metrics and alarms. Codes are those of docs/errors.md. */
export type VerifierEvent =
  /** Knowledge has become too old (or the clock went back), or young enough again. `asOf` is 0 while nothing is known. */
  | { readonly type: 'stale' | 'fresh'; readonly asOf: number }
  /** whenStale `allow`: a certificate was accepted on knowledge that is too old. Count and keep these. */
  | { readonly type: 'accepted-while-stale'; readonly asOf: number; readonly sha256: Uint8Array }
  /** The responder answers, as a stream or to polling. */
  | { readonly type: 'connected'; readonly mode: 'stream' | 'poll' }
  /** An attempt is over; the next one begins by itself in so many seconds. */
  | {
      readonly type: 'disconnected';
      readonly mode: 'stream' | 'poll';
      readonly code: string;
      readonly error: Error;
      readonly retryIn: number;
    }
  /** A signer's certificate or a message was not taken. HASH_MISMATCH, SNAPSHOT_CONTRADICTS, BATCH_INCONSISTENT mean two histories: alarm. */
  | { readonly type: 'refused'; readonly what: 'signer' | 'message'; readonly code: string }
  /** The journal has come to this position. */
  | { readonly type: 'position'; readonly epoch: number; readonly sequence: number; readonly asOf: number }
  /** A tracked connection was ended. */
  | { readonly type: 'connection-ended'; readonly code: VerifierErrorCode | PolicyErrorCode }
  /** A tracked connection threw when it was ended. */
  | { readonly type: 'connection-failed'; readonly cause: unknown }
  /** A source of status threw when a tracked connection was looked at again; the connection was ended, with STATUS_UNKNOWN. */
  | { readonly type: 'source-failed'; readonly cause: unknown }
  /** The cache folder cannot be used; what is known lives in memory alone. */
  | { readonly type: 'cache-failed'; readonly code: FeedErrorCode; readonly error: Error }
  | { readonly type: 'cache-recovered' };
