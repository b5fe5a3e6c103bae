import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A representation with a strong validator and its header fields, name after value, ready for `writeHead`. */
export interface Representation {
  readonly body: Uint8Array;
  readonly etag?: string | undefined;
  readonly headers: string[];
}

/** A strong validator made of what it stands for, quoted. */
export const strongEtag = (body: Uint8Array): string => `"${hash('sha256', body, 'hex')}"`;

/** Fields of a representation that a 304 does not carry (RFC 9110 section 15.4.5). */
const OF_CONTENT = new Set(['Content-Type', 'Content-Length', 'Last-Modified']);

/** Answers 200, or 304 to who has it already; HEAD gets no body. Around the framework: this is where every request ends. */
export function sendRepresentation(
  request: IncomingMessage,
  response: ServerResponse,
  { body, etag, headers }: Representation,
): void {
  if (etag !== undefined && matches(fieldOf(request.rawHeaders, 'if-none-match'), etag)) {
    response.writeHead(304, validatorsOf(headers)).end();
    return;
  }
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Weak comparison, as If-None-Match asks for (RFC 9110 section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => {
    const candidate = one.trim();
    return candidate === '*' || candidate === etag || candidate === `W/${etag}`;
  });
}

/** A header field straight from the wire: making an object of all of them is felt where all else is a look-up. */
function fieldOf(rawHeaders: readonly string[], lowerCaseName: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return rawHeaders[i + 1];
  }
  return undefined;
}

function validatorsOf(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!OF_CONTENT.has(name)) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
