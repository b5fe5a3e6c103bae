import { publicRoute, ServerError } from '@touchmark/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswers } from './ocsp-answer.js';
import { BODY_LIMIT, MEDIA_TYPE, type OcspHandler, respond } from './ocsp-handler.js';

/** OCSP as plain Fastify routes. */
export function ocspRoutes(fastify: FastifyInstance, handler: OcspHandler): void {
  const post = (request: FastifyRequest, reply: FastifyReply): void => {
    const { body } = request;
    reply.hijack();
    if (Buffer.isBuffer(body)) handler.post(request.raw, reply.raw, body);
    else respond(request.raw, reply.raw, errorAnswers.malformedRequest);
  };
  fastify.get('/ocsp/*', publicRoute('public'), (request, reply) => {
    reply.hijack();
    handler.get(request.raw, reply.raw);
  });
  const taking = {
    ...publicRoute('public', { consumes: [MEDIA_TYPE], bodyLimit: BODY_LIMIT }),
    errorHandler: answerFault,
  };
  fastify.post('/ocsp', taking, post);
  // an AIA URL that ends with a slash
  fastify.post('/ocsp/', taking, post);
}

/** A body that is too large or cut short is a malformedRequest; the wrong media type is HTTP's business (415). */
function answerFault(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof ServerError) throw error;
  reply.hijack();
  respond(request.raw, reply.raw, errorAnswers.malformedRequest);
}
