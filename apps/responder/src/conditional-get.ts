import type { IncomingMessage, ServerResponse } from 'node:http';

/** A representation with a strong validator and its header fields, name after value, ready for `writeHead`. */
export interface Representation {
  readonly body: Uint8Array;
  readonly etag?: string | undefined;
  readonly headers: readonly string[];
}

/** Fields of a representation that a 304 does not carry (RFC 9110 section 15.4.5). */
const OF_CONTENT = new Set(['Content-Type', 'Content-Length', 'Last-Modified']);

/** Answers 200, or 304 to who has it already; HEAD gets no body. Around the framework: this is where every request ends. */
export function sendRepresentation(request: IncomingMessage, response: ServerResponse, { body, etag, headers }: Representation): void {
  const ifNoneMatch = request.headers['if-none-match'];
  if (etag !== undefined && ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) {
    response.writeHead(304, validatorsOf(headers)).end();
    return;
  }
  response.writeHead(200, headers as string[]);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Weak comparison, as If-None-Match asks for (RFC 9110 section 13.1.2). */
function matches(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some((one) => {
    const candidate = one.trim();
    return candidate === '*' || candidate === etag || candidate === `W/${etag}`;
  });
}

function validatorsOf(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!OF_CONTENT.has(name)) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
