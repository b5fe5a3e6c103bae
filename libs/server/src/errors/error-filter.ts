import type { IncomingMessage } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { hasBody } from '../http/media-types.js';
import type { DescribeError, Problem } from './problem.js';
import { type ErrorRenderer, type RenderedError, renderProblemJson } from './render.js';
import { toProblem } from './to-problem.js';

const LINGER_MILLISECONDS = 500;

export interface ErrorFilterOptions {
  readonly describeError: DescribeError;
  readonly logger: Logger;
  /** Which renderer answers this request, for a process that serves several protocols. Default: problem+json. */
  readonly rendererFor?: (request: FastifyRequest) => ErrorRenderer;
}

/** The one place where an error becomes an answer. Caught last, so a controller's own filter goes first. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #options: ErrorFilterOptions;

  constructor(options: ErrorFilterOptions) {
    this.#options = options;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers with the error; for what fails before Nest has the request (a target that cannot be routed). */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { describeError, logger, rendererFor } = this.#options;
    const problem = toProblem(error, describeError);
    if (problem.status >= 500) logger.error({ err: error, reqId: request.id, code: problem.code }, 'request failed');

    // Part of the answer is out: only a torn connection tells the client that the rest will not come.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const rendered = (rendererFor?.(request) ?? renderProblemJson)(problem, request.id);
    afterBody(request.raw, () => send(reply, problem, rendered));
  }
}

function send(reply: FastifyReply, problem: Problem, rendered: RenderedError): void {
  for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
  // A body that comes as slowly as its sender likes would hold the connection of somebody who is refused.
  if (isBodyToCome(reply.request.raw)) reply.header('Connection', 'close');
  if (problem.retryAfter !== undefined) reply.header('Retry-After', String(problem.retryAfter));
  // As octets: to a string Fastify would add a charset that problem+json does not have.
  reply
    .status(rendered.status ?? problem.status)
    .header('Content-Type', rendered.contentType)
    .header('Cache-Control', 'no-store')
    .send(Buffer.from(rendered.body));
}

const isBodyToCome = (request: IncomingMessage): boolean => !request.complete && hasBody(request);

/**
 * Calls `then` once the body that nobody will read has come, or has had its time. Were the connection closed upon octets on their
 * way, the client would see it reset, and not our answer.
 */
function afterBody(request: IncomingMessage, then: () => void): void {
  if (!isBodyToCome(request)) {
    then();
    return;
  }
  const go = (): void => {
    clearTimeout(late);
    request.off('end', go).off('close', go);
    then();
  };
  const late = setTimeout(go, LINGER_MILLISECONDS);
  request.on('end', go).on('close', go).resume();
}
