import { publicRoute } from '@touchmark/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendRepresentation } from '../conditional-get.js';
import { httpDate } from '../http-date.js';
import type { Publication, Publications } from './publications.js';

export interface PublicationRoutesOptions {
  /** UTC seconds. */
  readonly now: () => number;
  /** Seconds for which HTTP caches may keep a CRL, at most until its nextUpdate. */
  readonly crlMaxAge: number;
}

/** A CA certificate never changes under its URL: a new key means a new authority. */
const CERTIFICATE_MAX_AGE = 86_400;
const RETRY_AFTER_SECONDS = '5';
const DIGITS = /^(\d{1,10})\.crl$/;
const CERTIFICATE_FILE = /^([^/]{1,200})\.cer$/;

/** CRLs (RFC 5280 section 4.2.1.13: one DER CRL under each URI) and CA certificates (section 4.2.2.1) over plain HTTP. */
export function publicationRoutes(
  fastify: FastifyInstance,
  publications: Publications,
  options: PublicationRoutesOptions,
): void {
  const send = (
    request: FastifyRequest,
    reply: FastifyReply,
    found: Publication | 'unavailable' | undefined,
    contentType: string,
    maxAge: number,
  ): void => {
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
      const headers = headersOf(found, contentType, maxAge, options.now());
      sendRepresentation(request.raw, reply.raw, { body: found.body, etag: found.etag, headers });
    }
  };
  fastify.get('/crl/all.pem', publicRoute('public'), (request, reply) => {
    send(request, reply, publications.allCrls(), 'application/x-pem-file', options.crlMaxAge);
  });
  fastify.get<{ Params: { file: string } }>('/crl/:file', publicRoute('public'), (request, reply) => {
    const listId = DIGITS.exec(request.params.file)?.[1];
    send(
      request,
      reply,
      listId === undefined ? undefined : publications.crl(Number(listId)),
      'application/pkix-crl',
      options.crlMaxAge,
    );
  });
  fastify.get<{ Params: { file: string } }>('/ca/:file', publicRoute('public'), (request, reply) => {
    const id = CERTIFICATE_FILE.exec(request.params.file)?.[1];
    send(
      request,
      reply,
      id === undefined ? undefined : publications.authority(id),
      'application/pkix-cert',
      CERTIFICATE_MAX_AGE,
    );
  });
}

function headersOf(
  { body, etag, lastModified, nextUpdate }: Publication,
  contentType: string,
  maxAge: number,
  now: number,
): string[] {
  const left = nextUpdate === undefined ? maxAge : Math.max(0, Math.min(maxAge, nextUpdate - now));
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.length), 'ETag', etag];
  if (lastModified !== undefined) headers.push('Last-Modified', httpDate(lastModified));
  headers.push('Expires', httpDate(now + left), 'Cache-Control', `max-age=${left}, public`);
  return headers;
}
