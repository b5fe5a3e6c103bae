import { HttpException } from '@nestjs/common';
import { type CodedError, isCodedError } from './coded-error.js';
import type { DescribeError, Problem, ProblemDescription } from './problem.js';
import { ServerError } from './server-error.js';
import { describeServerError } from './server-error-problems.js';

const DEFAULT_RETRY_AFTER = 5;

/** Everything that is thrown, as a problem. What nobody knows becomes INTERNAL, and says nothing about itself. */
export function toProblem(error: unknown, describe: DescribeError): Problem {
  const problem = describeKnown(error, describe) ?? { code: 'INTERNAL', status: 500, title: 'Internal error' };
  return problem.status === 503 ? { retryAfter: DEFAULT_RETRY_AFTER, ...problem } : problem;
}

function describeKnown(error: unknown, describe: DescribeError): Problem | undefined {
  if (error instanceof HttpException) return describeHttpException(error);
  if (error instanceof ServerError) return named(error, describeServerError(error));
  return isCodedError(error) ? named(error, describe(error)) : undefined;
}

const named = (error: CodedError, description: ProblemDescription | undefined): Problem | undefined =>
  description && { detail: error.message, ...description, code: error.code };

/** Nest's and Fastify's own refusals: no route, unreadable body, body too large. */
function describeHttpException(exception: HttpException): Problem | undefined {
  const status = exception.getStatus();
  const kind = HTTP_PROBLEMS[status];
  if (kind === undefined) return status < 500 ? { ...BAD_REQUEST, status, detail: exception.message } : undefined;
  return { ...kind, status, detail: exception.message };
}

const BAD_REQUEST = { code: 'BAD_REQUEST', title: 'The request cannot be read' };

const HTTP_PROBLEMS: Readonly<Record<number, { code: string; title: string }>> = {
  400: BAD_REQUEST,
  401: { code: 'UNAUTHENTICATED', title: 'Credentials are needed' },
  403: { code: 'FORBIDDEN', title: 'Not allowed' },
  404: { code: 'NOT_FOUND', title: 'There is nothing here' },
  405: { code: 'METHOD_NOT_ALLOWED', title: 'This method is not for this resource' },
  408: { code: 'REQUEST_TIMEOUT', title: 'The request took too long to arrive' },
  413: { code: 'BODY_TOO_LARGE', title: 'The request body is too large' },
  414: { code: 'URI_TOO_LONG', title: 'The request target is too long' },
  415: { code: 'MEDIA_TYPE_UNSUPPORTED', title: 'This media type is not accepted here' },
  429: { code: 'TOO_MANY_REQUESTS', title: 'Too many requests' },
  503: { code: 'UNAVAILABLE', title: 'Not available at the moment' },
};
