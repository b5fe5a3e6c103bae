import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What only the gateway may say: who the client is, and where it comes from. `touchmark-…` and all below. */
const OURS = new Set([
  'client-cert',
  'client-cert-chain',
  'forwarded',
  'via',
  // CGI makes HTTP_PROXY of it, which is where a client's requests go
  'proxy',
  'remote-user',
  'true-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-real-ip',
]);
/** Beginnings of names under which other gateways hand on the same. An upstream that once stood behind one may still believe them. */
const OURS_BEGIN = [
  'touchmark-',
  'x-touchmark-',
  'x-forwarded-',
  'x-client-',
  'x-ssl-',
  'ssl-client-',
  'x-tls-',
  'tls-client-',
  'x-mtls-',
  'x-amzn-mtls-',
  'x-arr-',
  'x-envoy-',
  'x-goog-',
  'x-peer-',
  'x-remote-',
  'x-spiffe-',
  'cf-connecting-',
];
/** What would make another request of it than the one that was authorized. */
const OVERRIDES = new Set([
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-middleware-subrequest',
  'x-rewrite-url',
]);
const OVERRIDES_BEGIN = ['x-original-', 'x-waws-'];
/** RFC 9110 section 7.6.1, and what was for the gateway itself. transfer-encoding frames the body and is set below. */
const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
]);

/** Underscores, dots and the like become hyphens in CGI and its heirs: `Client_Cert` is `Client-Cert` to them. */
const folded = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');

const begins = (name: string, beginnings: readonly string[]): boolean =>
  beginnings.some((beginning) => name.startsWith(beginning));

const isOurs = (name: string): boolean => OURS.has(name) || begins(name, OURS_BEGIN);

const overrides = (name: string): boolean => OVERRIDES.has(name) || begins(name, OVERRIDES_BEGIN);

/** Without these there is no request, whatever an operator lets through. */
const NEEDED = new Set(['host', 'content-length']);
/** RFC 6455 section 4.1, for a WebSocket. */
const HANDSHAKE = 'sec-websocket-';

/** What the gateway says about the client. */
export interface Assertions {
  readonly clientAddress: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Which of the client's own fields an operator lets through, in lower case; all but the gateway's where undefined. */
export type AllowedHeaders = ReadonlySet<string> | undefined;

/**
 * The header fields for the upstream: the client's without all that is the gateway's to say, under whatever spelling, then the
 * gateway's own.
 */
export function forwardedHeaders(
  request: Pick<IncomingMessage, 'headers' | 'method'>,
  { clientAddress, headers }: Assertions,
  upgrade: boolean,
  allowed?: AllowedHeaders,
): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {};
  const named = namedByConnection(request.headers.connection);
  for (const [name, value] of Object.entries(request.headers)) {
    const plain = folded(name);
    if (isOurs(plain) || overrides(plain) || HOP_BY_HOP.has(plain) || named.has(name)) continue;
    const needed = NEEDED.has(name) || (upgrade && name.startsWith(HANDSHAKE));
    if (!needed && allowed?.has(name) === false) continue;
    kept[name] = value;
  }
  return {
    ...kept,
    ...framing(request),
    ...(upgrade && { connection: 'Upgrade', upgrade: 'websocket' }),
    'x-forwarded-for': clientAddress,
    'x-forwarded-proto': 'https',
    ...(request.headers.host !== undefined && { 'x-forwarded-host': request.headers.host }),
    ...headers,
  };
}

/** Fields that a client declares to be hop by hop; those that the request cannot do without stay. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  const names = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== 'content-length' && name !== 'host'));
}

/** A body has a length or is chunked, always said: a method that seldom has one must not leave the upstream guessing. */
function framing({ headers, method }: Pick<IncomingMessage, 'headers' | 'method'>): IncomingHttpHeaders {
  if (headers['transfer-encoding'] !== undefined) return { 'transfer-encoding': 'chunked' };
  const bodiless = headers['content-length'] === undefined && method !== 'GET' && method !== 'HEAD';
  return bodiless ? { 'content-length': '0' } : {};
}

/** Of an answer: hop by hop fields end here, and nobody but the gateway speaks of client certificates (RFC 9440 section 2.4). */
export function cleanAnswerHeaders(headers: IncomingHttpHeaders): void {
  const named = namedByConnection(headers.connection);
  for (const name of Object.keys(headers)) {
    const plain = folded(name);
    if (plain === 'transfer-encoding') continue;
    const gone =
      HOP_BY_HOP.has(plain) || named.has(name) || plain.startsWith('client-cert') || plain.startsWith('touchmark-');
    if (gone) delete headers[name];
  }
  // what differs by certificate must not be kept for another one (RFC 9440 section 3.1)
  if (/(^|,)\s*(client-cert|touchmark-identity)/i.test(headers.vary ?? '')) headers.vary = '*';
}

/**
 * Whether two servers might frame or place this request differently. Node's parser, which is strict, has refused most of it already;
 * what is left: a target host that is not one, and codings that we would pass on without having undone them.
 */
export function isUnambiguous({ rawHeaders, headers }: Pick<IncomingMessage, 'rawHeaders' | 'headers'>): boolean {
  const count = (wanted: string): number =>
    rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === wanted).length;
  const { host, 'transfer-encoding': coding, 'content-length': length } = headers;
  const framed = coding === undefined || (coding.toLowerCase() === 'chunked' && length === undefined);
  return (
    count('host') === 1 &&
    HOST.test(host ?? '') &&
    count('content-length') <= 1 &&
    count('transfer-encoding') <= 1 &&
    framed
  );
}

const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
