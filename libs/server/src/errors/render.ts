import type { Problem } from './problem.js';

/** One way to write a problem into an answer. */
export interface RenderedError {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Where the protocol has its own idea of the status (OCSP answers 200); the problem's otherwise. */
  readonly status?: number;
}

export type ErrorRenderer = (problem: Problem, requestId: string) => RenderedError;

/** RFC 9457 application/problem+json, with our members `code`, `requestId` and, for validation, `errors`. */
export const renderProblemJson: ErrorRenderer = (problem, requestId) => ({
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: `urn:touchmark:error:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId,
    errors: problem.errors,
  }),
});

/** For devices (RFC 7030 section 4.2.3 wants a human-readable reason): `CODE: detail (request id)`. */
export const renderProblemText: ErrorRenderer = (problem, requestId) => ({
  contentType: 'text/plain; charset=utf-8',
  body: `${problem.code}: ${problem.detail ?? problem.title} (request ${requestId})\n`,
});
