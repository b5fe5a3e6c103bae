import type { FeedTls } from './feed/feed-request.js';
import type { TrustAnchorOptions } from './trust-anchors.js';
import type { VerifierEvent } from './verifier-event.js';

export interface VerifierOptions {
  /** Certificates of the CAs that are trusted, DER; with terms of its own for one whose certificates have no seats here. */
  readonly trustAnchors: readonly (Uint8Array | TrustAnchorOptions)[];
  /** Certificates of issuing CAs, DER; those in the status snapshot need not be given. */
  readonly intermediates?: readonly Uint8Array[];
  /** The clock: UTC seconds. How old knowledge is, is judged by it. */
  readonly now: () => number;
  readonly status: StatusOptions;
  /** Told what happens beside the answers. Called in the middle of things: note and return; what it throws is uncaught. */
  readonly onEvent?: (event: VerifierEvent) => void;
  /** Certificates whose path is remembered, about 3 KB each, more below anchors with sources of their own; 10,000 if left out. */
  readonly maxKnownCertificates?: number;
}

export interface StatusOptions {
  /** The responder's feed: `https://host:8444`, and the gateway's own certificate; `ca` is whom the responder's must come from. PEM. */
  readonly source: { readonly url: string; readonly tls: FeedTls };
  /** Folder for the last proven state; made if it is missing. One for each gateway process. */
  readonly cacheDir: string;
  /** Seconds after which knowledge is too old. */
  readonly maxAge: number;
  /** What happens then: `deny` refuses everybody, `allow` goes on with what was known and says so by `onEvent`. */
  readonly whenStale: 'deny' | 'allow';
  /** Realm whose status keys are believed; that of the gateway's own certificate if left out. */
  readonly realm?: string;
  /**
   * The CAs whose certificates of status keys are believed, DER. If left out: those in `source.tls.ca`, and the one that issued the
   * gateway's own certificate.
   */
  readonly signerIssuers?: readonly Uint8Array[];
  /** Seconds by which signed times may lie ahead of ours; 60 if left out. */
  readonly maxClockSkew?: number;
  /** Seconds between two heads; a stream without a new one for three times as long is given up. 2 if left out. */
  readonly headInterval?: number;
  /** Seconds before the second attempt to connect, doubled up to `longest`; 0.5 and 30 if left out. */
  readonly retry?: { readonly first: number; readonly longest: number };
  /** Seconds until the cache folder is tried again after it could not be written; 30 if left out. */
  readonly cacheRetry?: number;
  /** Numbers from 0 up to 1 that spread attempts of many gateways; made from the gateway's certificate if left out. */
  readonly random?: () => number;
}

export const DEFAULT_MAX_CLOCK_SKEW = 60;
const DEFAULTS = {
  maxClockSkew: DEFAULT_MAX_CLOCK_SKEW,
  headInterval: 2,
  cacheRetry: 30,
  retry: { first: 0.5, longest: 30 },
} as const;
const DEFAULT_KNOWN_CERTIFICATES = 10_000;

/** The same with nothing left out but what has no default. Throws TypeError for numbers that make no sense. */
export function completeOptions(options: VerifierOptions) {
  const status = { ...DEFAULTS, ...options.status };
  const { maxKnownCertificates = DEFAULT_KNOWN_CERTIFICATES } = options;
  const { maxAge, headInterval, cacheRetry, retry } = status;
  const positive = { maxAge, headInterval, cacheRetry, ...retry, maxKnownCertificates };
  for (const [name, value] of Object.entries(positive)) {
    // NaN and Infinity would never be old.
    if (!Number.isFinite(value) || value <= 0) throw new TypeError(`${name} must be a positive number`);
  }
  if (!Number.isFinite(status.maxClockSkew) || status.maxClockSkew < 0)
    throw new TypeError('maxClockSkew must not be negative');
  const { whenStale } = status;
  if (whenStale !== 'deny' && whenStale !== 'allow') throw new TypeError('whenStale must be deny or allow');
  return { ...options, status, maxKnownCertificates };
}

export type CompleteOptions = ReturnType<typeof completeOptions>;
