import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendRepresentation } from '../conditional-get.js';
import type { AnswerRequest } from './answer-request.js';
import { errorAnswers, type OcspAnswer } from './ocsp-answer.js';
import { requestInPath } from './request-in-path.js';

/** Octets of an OCSPRequest in a POST: sixteen CertIDs with SHA-256 and a nonce take some 2,500. */
export const BODY_LIMIT = 8_192;
export const MEDIA_TYPE = 'application/ocsp-request';

const PREFIX = '/ocsp/';

/**
 * OCSP over plain HTTP (RFC 6960 appendix A.1) on node:http's own objects. Behind Fastify's routes it is reached like any other
 * handler; `handle` put before the framework saves more processor time than answering takes.
 */
export class OcspHandler {
  private readonly answerRequest: Pick<AnswerRequest, 'recall' | 'run'>;

  constructor(answerRequest: Pick<AnswerRequest, 'recall' | 'run'>) {
    this.answerRequest = answerRequest;
  }

  /** Answers what is plainly OCSP and returns true; returns false, having touched nothing, for the framework to judge. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method, url = '' } = request;
    if (method === 'POST') {
      if (url !== '/ocsp' || !isPlainPost(request)) return false;
      this.read(request, response);
      return true;
    }
    if (method !== 'GET' && method !== 'HEAD') return false;
    if (!url.startsWith(PREFIX)) return false;
    this.get(request, response);
    return true;
  };

  get(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '';
    const recalled = this.answerRequest.recall(target);
    if (recalled) {
      send(request, response, recalled);
      return;
    }
    const der = requestInPath(target, PREFIX);
    respond(request, response, der ? this.answerRequest.run(der, target) : errorAnswers.malformedRequest);
  }

  post(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const asText = body.toString('latin1');
    respond(request, response, this.answerRequest.recall(asText) ?? this.answerRequest.run(body, asText));
  }

  // The length is known and within the limit, and node:http holds the client to it; a request cut short never ends.
  private read(request: IncomingMessage, response: ServerResponse): void {
    let body: Buffer | undefined;
    request.on('data', (part: Buffer) => {
      body = body === undefined ? part : Buffer.concat([body, part]);
    });
    request.on('end', () => {
      if (body) this.post(request, response, body);
      else respond(request, response, errorAnswers.malformedRequest);
    });
  }
}

/** The media type as clients write it, and a length within the limit. Everything else goes the long way, to a proper refusal. */
function isPlainPost({ headers }: IncomingMessage): boolean {
  return (
    headers['content-type'] === MEDIA_TYPE &&
    Number(headers['content-length'] ?? Infinity) <= BODY_LIMIT &&
    headers.expect === undefined
  );
}

export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: OcspAnswer | Promise<OcspAnswer>,
): void {
  if (answer instanceof Promise) void answer.then((later) => send(request, response, later));
  else send(request, response, answer);
}

function send(request: IncomingMessage, response: ServerResponse, { der, etag, headers }: OcspAnswer): void {
  sendRepresentation(request, response, { body: der, etag, headers });
}
