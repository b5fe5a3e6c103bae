import type { SignerRecord } from '@touchmark/status-list';

import { FeedError } from '../feed-error.js';
import type { StreamEvent } from './event-stream.js';

/** What a feed brings, in whichever form: nothing about it is proven. */
export type FeedItem =
  | { readonly kind: 'signer'; readonly record: SignerRecord }
  | { readonly kind: 'message'; readonly message: Uint8Array };

const MESSAGE_TYPES = new Set(['snapshot', 'batch', 'head']);

/** An event of the stream; undefined for a type of a later release. Throws FeedError FEED_MALFORMED. */
export function itemOfEvent({ type, data }: StreamEvent): FeedItem | undefined {
  if (MESSAGE_TYPES.has(type)) return { kind: 'message', message: fromBase64(data) };
  return type === 'signer' ? signerItem(data.split(' ')) : undefined;
}

/** The answer to a long poll: `{"signers":[[certificate, issuer], …],"messages":[…]}`, in base64. Throws FeedError FEED_MALFORMED. */
export function itemsOfAnswer(text: string): readonly FeedItem[] {
  const { signers, messages } = parseObject(text);
  if (!Array.isArray(signers) || !Array.isArray(messages)) throw new FeedError('FEED_MALFORMED');
  return [
    ...signers.map((pair: unknown) => signerItem(pair)),
    ...messages.map((message: unknown): FeedItem => ({ kind: 'message', message: fromBase64(message) })),
  ];
}

function signerItem(pair: unknown): FeedItem {
  if (!Array.isArray(pair) || pair.length !== 2) throw new FeedError('FEED_MALFORMED');
  const [certificate, issuer]: unknown[] = pair;
  return { kind: 'signer', record: { certificate: fromBase64(certificate), issuerCertificate: fromBase64(issuer) } };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FeedError('FEED_MALFORMED', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null) throw new FeedError('FEED_MALFORMED');
  return { ...parsed };
}

// Node.js skips what is no base64; writing it again shows whether anything was skipped.
function fromBase64(text: unknown): Uint8Array {
  if (typeof text !== 'string' || text === '') throw new FeedError('FEED_MALFORMED');
  const octets = Buffer.from(text, 'base64');
  if (octets.toString('base64') !== text) throw new FeedError('FEED_MALFORMED');
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
}
