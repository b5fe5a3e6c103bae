import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendRepresentation } from '../conditional-get.js';
import { httpDate } from '../http-date.js';
import type { Publication } from './publications.js';

export interface SendOptions {
  readonly contentType: string;
  /** Seconds for which HTTP caches may keep it, at most until its nextUpdate. */
  readonly maxAge: number;
  /** UTC seconds. */
  readonly now: number;
}

const RETRY_AFTER_SECONDS = '5';

/** Answers with a document; 404 where there is none, 503 where there is one that nobody may rely on now. */
export function sendPublication(
  request: FastifyRequest,
  reply: FastifyReply,
  found: Publication | 'unavailable' | undefined,
  options: SendOptions,
): void {
  if (found === undefined) {
    reply.callNotFound();
  } else if (found === 'unavailable') {
    void reply
      .code(503)
      .header('Retry-After', RETRY_AFTER_SECONDS)
      .header('Cache-Control', 'no-store')
      .type('text/plain')
      .send('');
  } else {
    reply.hijack();
    const { body, etag } = found;
    sendRepresentation(request.raw, reply.raw, { body, etag, headers: headersOf(found, options) });
  }
}

function headersOf(
  { body, etag, lastModified, nextUpdate }: Publication,
  { contentType, maxAge, now }: SendOptions,
): string[] {
  const left = nextUpdate === undefined ? maxAge : Math.max(0, Math.min(maxAge, nextUpdate - now));
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.length), 'ETag', etag];
  if (lastModified !== undefined) headers.push('Last-Modified', httpDate(lastModified));
  headers.push('Expires', httpDate(now + left), 'Cache-Control', `max-age=${left}, public`);
  return headers;
}
