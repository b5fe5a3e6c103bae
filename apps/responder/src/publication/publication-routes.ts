import { publicRoute } from '@touchmark/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Publication, Publications } from './publications.js';
import { sendPublication } from './send-publication.js';

export interface PublicationRoutesOptions {
  /** UTC seconds. */
  readonly now: () => number;
  /** Seconds for which HTTP caches may keep a CRL, at most until its nextUpdate. */
  readonly crlMaxAge: number;
}

/** A CA certificate never changes under its URL: a new key means a new authority. */
const CERTIFICATE_MAX_AGE = 86_400;
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
  ): void => sendPublication(request, reply, found, { contentType, maxAge, now: options.now() });
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
