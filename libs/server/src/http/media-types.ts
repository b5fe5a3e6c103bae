import { applyDecorators, NotFoundException } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ServerError } from '../errors/server-error.js';
import { RouteRulesOf } from './route-rules.js';

/** Media types with a parser of their own, and how many octets of each are taken where the route says nothing. */
const BINARY_LIMITS = { 'application/pkcs10': 65_536, 'application/ocsp-request': 16_384 } as const;
const NDJSON = 'application/x-ndjson';
const JSON_TYPE = 'application/json';

export type RequestMediaType = keyof typeof BINARY_LIMITS | typeof NDJSON | typeof JSON_TYPE;

/**
 * The media type a handler takes instead of JSON. `application/pkcs10` and `application/ocsp-request` arrive as
 * `Uint8Array`, `application/x-ndjson` as the unread `Readable`, whose reader sets its own limits.
 */
export function Consumes(mediaType: RequestMediaType, options: { bodyLimit?: number } = {}): MethodDecorator {
  return applyDecorators(
    ApiConsumes(mediaType),
    RouteRulesOf({ consumes: [mediaType], ...(options.bodyLimit && { bodyLimit: options.bodyLimit }) }),
  );
}

/** Parsers for the binary types and the stream; Fastify's own JSON parser stays, its text/plain one goes. */
export function parseBodies(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('text/plain');
  for (const [mediaType, bodyLimit] of Object.entries(BINARY_LIMITS)) {
    fastify.addContentTypeParser(mediaType, { parseAs: 'buffer', bodyLimit }, (_request, body, done) => {
      done(null, body);
    });
  }
  fastify.addContentTypeParser(NDJSON, (_request, payload, done) => {
    done(null, payload);
  });
}

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Refuses, before reading it, a body that no route is there for, or of another type than the route consumes: parsers are shared, routes are not. */
export function checkMediaTypes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!hasBody(request)) {
      done();
      return;
    }
    if (request.is404) {
      done(new NotFoundException(`Cannot ${request.method} ${request.url}`));
      return;
    }
    if (!WITH_BODY.has(request.method)) {
      done();
      return;
    }
    const accepted = request.routeOptions.config.rules?.consumes ?? [JSON_TYPE];
    const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (mediaType !== undefined && accepted.includes(mediaType)) done();
    else done(new ServerError('MEDIA_TYPE_UNSUPPORTED', { accepted }, `this takes ${accepted.join(' or ')}`));
  });
}

export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
