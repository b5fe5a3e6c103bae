import type { IncomingMessage } from 'node:http';

import { builtins } from '../builtins.js';
import { FeedError } from '../feed-error.js';
import { EventStreamReader, MAX_EVENT_OCTETS } from './event-stream.js';
import { type FeedItem, itemOfEvent, itemsOfAnswer } from './feed-items.js';

/** PEM: the gateway's own certificate (with its issuing CA) and key, and whom it trusts to be the responder. */
export interface FeedTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface FeedRequest {
  readonly url: URL;
  readonly tls: FeedTls;
  /** What is known already; the feed begins behind it, or with a snapshot if it is undefined. */
  readonly after: { readonly epoch: number; readonly sequence: number } | undefined;
  /** Ends the request: by whoever closes, and by the watch for silence. */
  readonly signal: AbortSignal;
  /** Called in order; what it throws ends the request. */
  readonly take: (item: FeedItem) => void;
  /** The answer began, and it is of the form that was asked for. */
  readonly onOpen: () => void;
}

const MAX_RETRY_AFTER = 300;
// Whom to trust may be the infrastructure CA alone, which is no root, so that no device certificate opens anything.
const TLS = { minVersion: 'TLSv1.2', allowPartialTrustChain: true } as const;
const FEED_PATH = '/status/feed';

/** The feed's URL; one without a path is the responder's, and gets it. TypeError for anything but https. */
export function feedUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== 'https:') throw new TypeError('the feed is followed over https');
  if (url.pathname === '/') url.pathname = FEED_PATH;
  return url;
}

/** Throws for PEM that cannot be used, so that it is found when it is handed in and not with the next connection. */
export function checkFeedTls({ cert, key, ca }: FeedTls): void {
  builtins.tls.createSecureContext({ cert, key, ca, ...TLS });
}

/** Follows the event stream until it ends. Rejects with FeedError, with FEED_ENDED if the other side ended it in good order. */
export async function followStream(feed: FeedRequest): Promise<never> {
  const reader = new EventStreamReader();
  await answer(feed, 'text/event-stream', (chunk) => {
    for (const event of reader.read(chunk)) {
      const item = itemOfEvent(event);
      if (item !== undefined) feed.take(item);
    }
  });
  throw new FeedError('FEED_ENDED');
}

/** Asks once and takes everything of the answer. Rejects with FeedError. */
export async function poll(feed: FeedRequest): Promise<void> {
  const chunks: Buffer[] = [];
  let octets = 0;
  await answer(feed, 'application/json', (chunk) => {
    octets += chunk.length;
    if (octets > MAX_EVENT_OCTETS) throw new FeedError('FEED_TOO_LARGE');
    chunks.push(chunk);
  });
  for (const item of itemsOfAnswer(Buffer.concat(chunks).toString('utf8'))) feed.take(item);
}

/** One request, its body handed over as it comes. Redirects are answers like any other: refused. */
function answer(feed: FeedRequest, type: string, take: (chunk: Buffer) => void): Promise<void> {
  const { url, after, signal } = feed;
  const target = new URL(url);
  if (after !== undefined) {
    target.searchParams.set('epoch', String(after.epoch));
    target.searchParams.set('after', String(after.sequence));
  }
  return new Promise((resolve, reject) => {
    // Several of the events below follow one another; the first one counts.
    const fail = (error: unknown): void => {
      reject(signal.aborted ? signal.reason : error);
      sent.destroy();
    };
    const broken = (cause: unknown): void => fail(new FeedError('FEED_UNREACHABLE', { cause }));
    const sent = builtins.https.request(target, {
      ...feed.tls,
      // A connection of its own, so that a renewed certificate counts from the next request on.
      agent: false,
      ...TLS,
      // NODE_TLS_REJECT_UNAUTHORIZED has no say here.
      rejectUnauthorized: true,
      signal,
      headers: { accept: type, 'accept-encoding': 'identity', 'cache-control': 'no-store' },
    });
    sent.on('error', broken);
    sent.once('response', (response) => {
      const refusal = refusalOf(response, type);
      if (refusal !== undefined) {
        fail(refusal);
        return;
      }
      feed.onOpen();
      response.on('data', (chunk: Buffer) => {
        if (sent.destroyed) return;
        try {
          take(chunk);
        } catch (error) {
          fail(error);
        }
      });
      response.on('error', broken);
      response.once('end', resolve);
      // Cut in the middle: neither end nor, in every case, an error.
      response.once('close', () => broken(undefined));
    });
    sent.end();
  });
}

function refusalOf(response: IncomingMessage, type: string): FeedError | undefined {
  const { statusCode: status = 0, headers } = response;
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  const encoding = headers['content-encoding'] ?? 'identity';
  if (status === 200 && mediaType.trim().toLowerCase() === type && encoding === 'identity') return undefined;
  const seconds = /^\d{1,6}$/.test(headers['retry-after'] ?? '') ? Number(headers['retry-after']) : undefined;
  return new FeedError('FEED_REFUSED', {
    status,
    ...(seconds === undefined ? {} : { retryAfter: Math.min(seconds, MAX_RETRY_AFTER) }),
  });
}
