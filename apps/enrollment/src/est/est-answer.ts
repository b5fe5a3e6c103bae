import type { FastifyReply } from 'fastify';
import { encodeTransfer, EstContentType, TRANSFER_ENCODING, wrapFor } from '@touchmark/est';
import { type Problem, renderProblemText } from '@touchmark/server';

/** One answer on an EST path. Header names go out in the letter case that they have here. */
export interface EstAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A message as base64, in lines that this client can read (RFC 8951 section 3). */
export function messageAnswer(
  contentType: (typeof EstContentType)['certsOnly' | 'csrAttributes'],
  der: Uint8Array,
  userAgent: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): EstAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': contentType, 'Content-Transfer-Encoding': TRANSFER_ENCODING, ...headers },
    body: encodeTransfer(der, wrapFor(userAgent)),
  };
}

/** `CODE: what happened (request id)` for a person (RFC 7030 section 4.2.3). */
export function problemAnswer(problem: Problem, requestId: string): EstAnswer {
  const { contentType, body } = renderProblemText(problem, requestId);
  return {
    status: problem.status,
    headers: {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      ...problem.headers,
      ...(problem.retryAfter !== undefined && { 'Retry-After': String(problem.retryAfter) }),
    },
    body: Buffer.from(body),
  };
}

/**
 * Writes past Fastify, which lower-cases header names: libest compares them with their case, reads nothing without a
 * Content-Length, and no chunks.
 */
export function writeAnswer(reply: FastifyReply, { status, headers, body }: EstAnswer): void {
  const { raw } = reply.hijack();
  // What hooks and Fastify itself have put on the reply (Connection: close after a body that was not read) still counts.
  const own = Object.entries(reply.getHeaders()).filter(([name]) => name === 'connection');
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': String(body?.length ?? 0) };
  raw.writeHead(status, { ...Object.fromEntries(own), ...headers, ...length });
  raw.end(body);
}
