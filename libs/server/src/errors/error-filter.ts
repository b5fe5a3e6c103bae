import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { DescribeError } from './problem.js';
import { type ErrorRenderer, renderProblemJson } from './render.js';
import { toProblem } from './to-problem.js';

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
    for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
    if (problem.retryAfter !== undefined) reply.header('Retry-After', String(problem.retryAfter));
    // As octets: to a string Fastify would add a charset that problem+json does not have.
    reply
      .status(rendered.status ?? problem.status)
      .header('Content-Type', rendered.contentType)
      .header('Cache-Control', 'no-store')
      .send(Buffer.from(rendered.body));
  }
}
