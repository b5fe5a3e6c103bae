import { publicRoute, ServerError } from '@touchmark/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendRepresentation } from '../conditional-get.js';
import type { AnswerRequest } from './answer-request.js';
import { errorAnswers, type OcspAnswer } from './ocsp-answer.js';
import { requestInPath } from './request-in-path.js';

/** Octets of an OCSPRequest in a POST: sixteen CertIDs with SHA-256 and a nonce take some 2,500. */
const BODY_LIMIT = 8_192;
const MEDIA_TYPE = 'application/ocsp-request';

/** OCSP over plain HTTP, GET and POST (RFC 6960 appendix A.1), as plain Fastify handlers: this path is hot. */
export function ocspRoutes(fastify: FastifyInstance, answerRequest: Pick<AnswerRequest, 'run'>): void {
  const get = (request: FastifyRequest, reply: FastifyReply): void => {
    const der = requestInPath(request.raw.url ?? '', '/ocsp/');
    respond(request, reply, der === undefined ? errorAnswers.malformedRequest : answerRequest.run(der));
  };
  const post = (request: FastifyRequest, reply: FastifyReply): void => {
    const { body } = request;
    respond(request, reply, body instanceof Uint8Array ? answerRequest.run(body) : errorAnswers.malformedRequest);
  };
  fastify.get('/ocsp/*', publicRoute('public'), get);
  const taking = { ...publicRoute('public', { consumes: [MEDIA_TYPE], bodyLimit: BODY_LIMIT }), errorHandler: answerFault };
  fastify.post('/ocsp', taking, post);
  // an AIA URL that ends with a slash
  fastify.post('/ocsp/', taking, post);
}

function respond(request: FastifyRequest, reply: FastifyReply, answer: OcspAnswer | Promise<OcspAnswer>): void {
  reply.hijack();
  if (answer instanceof Promise) void answer.then((later) => send(request, reply, later));
  else send(request, reply, answer);
}

function send(request: FastifyRequest, reply: FastifyReply, { der, etag, headers }: OcspAnswer): void {
  sendRepresentation(request.raw, reply.raw, { body: der, etag, headers });
}

/** A body that is too large or cut short is a malformedRequest; the wrong media type is HTTP's business (415). */
function answerFault(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof ServerError) throw error;
  respond(request, reply, errorAnswers.malformedRequest);
}
