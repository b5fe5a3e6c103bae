import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, renderProblemJson } from '@touchmark/server';
import { problemOf, type Refusal } from './refusal.js';

/** Answers a request that is not let through. One whose body is still to come ends the connection with it. */
export function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  requestId: string,
): void {
  if (response.headersSent) {
    // part of another answer is out: only a torn connection says that the rest will not come
    response.destroy();
    return;
  }
  const { status, headers, body } = rendered(problemOf(refusal), requestId);
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, headers).end(body);
}

/** The same where there is no response object: an upgrade, or octets that are no request. The connection ends. */
export function answerRefusalOnSocket(socket: Duplex, refusal: Refusal, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = rendered(problemOf(refusal), requestId);
  const fields = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fields.join('')}\r\n`;
  socket.end(Buffer.concat([Buffer.from(head), body]), () => socket.destroy());
}

function rendered(problem: Problem, requestId: string) {
  const { contentType, body: content } = renderProblemJson(problem, requestId);
  const body = Buffer.from(content);
  return {
    status: problem.status,
    body,
    headers: {
      'Content-Type': contentType,
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      ...problem.headers,
      ...(problem.retryAfter !== undefined && { 'Retry-After': String(problem.retryAfter) }),
    },
  };
}
