import type { ServerResponse } from 'node:http';
import { type Problem, renderProblemJson } from '@touchmark/server';
import { describeFeedRefusal } from './describe-feed-refusal.js';
import { FeedRefusedError } from './feed-refused-error.js';

/** Answers with a problem document and ends the connection: who is refused keeps none. Whatever is no refusal of ours says nothing of itself. */
export function answerProblem(response: ServerResponse, requestId: string, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const problem: Problem =
    error instanceof FeedRefusedError
      ? describeFeedRefusal(error)
      : { code: 'INTERNAL', status: 500, title: 'A fault of ours', detail: 'The log has more under this request id' };
  const { contentType, body } = renderProblemJson(problem, requestId);
  response.writeHead(problem.status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(problem.retryAfter !== undefined && { 'Retry-After': String(problem.retryAfter) }),
  });
  response.end(body);
}
