import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CliError } from '../cli-error.js';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  /** PEM of the only trust anchor. */
  readonly ca: string;
  /** It may go over plain HTTP, where that is the address: nothing in it is secret, and what comes back is signed. */
  readonly plain?: true;
  /** PEM of a client certificate chain and its key. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter?: string | undefined;
  readonly body: Buffer;
}

const IDLE_MILLISECONDS = 60_000;
const LARGEST_ANSWER = 256 * 1024 * 1024;

/** One request on a connection of its own. Throws UNREACHABLE, TLS_UNTRUSTED, and USAGE for plain HTTP that is not meant. */
export function send(request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, client, body } = request;
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const headers = { ...request.headers, ...length };
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const fail = (cause: unknown): void => reject(connectionError(url, cause));
  const take = (incoming: IncomingMessage): void => {
    readAnswer(incoming, LARGEST_ANSWER).then(resolve, fail);
  };
  const options = { method, headers, agent: false };
  const outgoing = isPlain(request)
    ? httpRequest(url, options, take)
    : httpsRequest(url, { ...options, ...client, ...trusting(request.ca) }, take);
  outgoing.setTimeout(IDLE_MILLISECONDS, () => outgoing.destroy(new Error('no answer within a minute')));
  outgoing.once('error', fail);
  outgoing.end(body);
  return promise;
}

/** This root and no other, also where NODE_TLS_REJECT_UNAUTHORIZED would have anybody trusted. */
export const trusting = (ca: string) => ({ ca, rejectUnauthorized: true }) as const;

function isPlain({ url, plain }: HttpRequest): boolean {
  const { protocol, origin } = new URL(url);
  if (protocol === 'https:') return false;
  if (protocol === 'http:' && plain) return true;
  throw new CliError('USAGE', `${origin} is not asked: it is no https address`, {
    hint: 'Write it as https://host:port.',
  });
}

/** Rejects for an answer of more octets than `limit`, and ends its connection. */
export async function readAnswer(incoming: IncomingMessage, limit: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const octets = Buffer.from(chunk);
    length += octets.length;
    if (length > limit) throw new Error('the answer is too long');
    chunks.push(octets);
  }
  const { statusCode = 0, headers } = incoming;
  return {
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    retryAfter: headers['retry-after'],
    body: Buffer.concat(chunks),
  };
}

/** Node's and OpenSSL's names for a server that does not prove to be the one asked for. */
const UNTRUSTED =
  /^(ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** What a failed connection means to a person. */
export function connectionError(url: string, cause: unknown): CliError {
  const { origin } = new URL(url);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = code || (cause instanceof Error ? cause.message : String(cause));
  if (UNTRUSTED.test(code)) {
    const hint =
      'Check --ca: it must be the root certificate of this service, and the host in --url one of its server names.';
    return new CliError('TLS_UNTRUSTED', `${origin} does not prove to be the service (${reason})`, { hint }, cause);
  }
  const hint = 'Is the service running (npm start), and is this its address (--url, --est-url, --status-url)?';
  return new CliError('UNREACHABLE', `${origin} cannot be reached (${reason})`, { hint }, cause);
}
