import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { encodeTransfer, EstContentType, type EstOperation, estMethods, parseCertsOnly } from '@touchmark/est';

/** How an EST client proves itself: by certificate and key (PEM), by enrollment token, by both or by nothing. */
export interface EstCredentials {
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly token?: string;
}

export interface EstReply {
  readonly status: number;
  /** As they came, names in their letter case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The code that a text/plain answer begins with. */
  readonly code: string | undefined;
  /** The certificates of an answer of 200 with a certs-only message. */
  readonly certificates: readonly Uint8Array[];
}

export interface EstClientOptions {
  /** `https://host:port/.well-known/est`. */
  readonly url: string;
  /** PEM of the trust anchor. */
  readonly ca: string;
  readonly tls?: Pick<RequestOptions, 'minVersion' | 'maxVersion'>;
}

/** An EST client for tests and benchmarks; a new connection for each request, as devices have it. */
export class EstClient {
  private readonly options: EstClientOptions;

  constructor(options: EstClientOptions) {
    this.options = options;
  }

  cacerts(options: { label?: string; credentials?: EstCredentials } = {}): Promise<EstReply> {
    return this.send('cacerts', options);
  }

  csrattrs(label?: string): Promise<EstReply> {
    return this.send('csrattrs', { label });
  }

  simpleenroll(csr: Uint8Array, credentials: EstCredentials, label?: string): Promise<EstReply> {
    return this.send('simpleenroll', { label, credentials, csr });
  }

  simplereenroll(csr: Uint8Array, credentials: EstCredentials, label?: string): Promise<EstReply> {
    return this.send('simplereenroll', { label, credentials, csr });
  }

  private send(
    operation: EstOperation,
    { label, credentials = {}, csr }: { label?: string | undefined; credentials?: EstCredentials; csr?: Uint8Array },
  ): Promise<EstReply> {
    const { url, ca, tls } = this.options;
    const { cert, key, user = '', token } = credentials;
    const body = csr && encodeTransfer(csr);
    const target = label === undefined ? `${url}/${operation}` : `${url}/${label}/${operation}`;
    const headers = {
      ...(body && { 'Content-Type': EstContentType.pkcs10, 'Content-Length': body.length }),
      ...(token !== undefined && { Authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<EstReply>();
    const options = { method: estMethods[operation], headers, ca, cert, key, agent: false, ...tls };
    const outgoing = httpsRequest(target, options, (incoming) => {
      readReply(incoming).then(resolve, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }
}

async function readReply(incoming: IncomingMessage): Promise<EstReply> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  const { rawHeaders, statusCode: status = 0 } = incoming;
  const headers = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.set(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  const contentType = headers.get('Content-Type');
  const isMessage = status === 200 && contentType === EstContentType.certsOnly;
  return {
    status,
    headers,
    body,
    code: contentType === EstContentType.error ? /^[A-Z0-9_]+(?=: )/.exec(body.toString())?.[0] : undefined,
    certificates: isMessage ? parseCertsOnly(Buffer.from(body.toString(), 'base64')) : [],
  };
}
