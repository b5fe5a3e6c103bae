import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // what a test expects of a body, the test says
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** Keeps its connection, where several calls share it. */
  readonly agent?: Agent;
}

const sessions = new WeakMap<TLSSocket, Buffer>();

/** The newest session of a connection that can be resumed; undefined while there is none. */
export const sessionOf = (socket: TLSSocket): Buffer | undefined => sessions.get(socket);

/** A device's side of a gateway. */
export class DeviceClient {
  private readonly url: string;
  private readonly ca: string;
  private readonly identity: ClientIdentity | undefined;

  constructor(url: string, ca: string, identity: ClientIdentity | undefined) {
    this.url = url;
    this.ca = ca;
    this.identity = identity;
  }

  /** Connections that stay open between calls. */
  keepAlive(): Agent {
    return new Agent({ keepAlive: true, maxSockets: 1, ca: this.ca, ...this.identity });
  }

  /** Resolves with the whole answer; rejects where the connection ends before. */
  async call(path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.begin(path, options);
    const body = await text(response);
    const isJson = /json/.test(response.headers['content-type'] ?? '');
    return { status: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(body) : body };
  }

  /** Resolves with the beginning of an answer. */
  begin(path: string, { method = 'GET', headers = {}, body, agent }: CallOptions = {}): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { hostname, port } = new URL(this.url);
    const outgoing = request(
      {
        hostname,
        port,
        // as it stands: no URL parser tidies it up
        path,
        method,
        headers: { ...headers, ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }) },
        ca: this.ca,
        ...this.identity,
        agent: agent ?? false,
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  /** `status`, or `closed` where the gateway cut the connection instead of answering. */
  async statusOf(path: string, options: CallOptions = {}): Promise<number | 'closed'> {
    try {
      return (await this.call(path, options)).status;
    } catch {
      return 'closed';
    }
  }

  /** The code of a refusal, `allowed`, or `closed`. */
  async codeOf(path: string, options: CallOptions = {}): Promise<string> {
    try {
      const { status, body } = await this.call(path, options);
      return status < 300 ? 'allowed' : String(body.code);
    } catch {
      return 'closed';
    }
  }

  async connect(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const { hostname, port } = new URL(this.url);
    const socket = connect({ host: hostname, port: Number(port), ca: this.ca, ...this.identity, ...options });
    socket.on('error', () => socket.destroy());
    // with TLS 1.3 tickets come when they like
    socket.on('session', (session) => sessions.set(socket, session));
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Sends octets as they are, and answers what comes back until the connection ends. */
  async raw(octets: string | Buffer): Promise<string> {
    const socket = await this.connect();
    const ended = once(socket, 'close');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.write(octets, 'latin1');
    await ended;
    return answer;
  }

  /** A WebSocket's handshake; the socket, once the upstream has agreed. */
  async websocket(path: string, headers: readonly string[] = []): Promise<TLSSocket> {
    const socket = await this.connect();
    const fields = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    const lines = [`GET ${path} HTTP/1.1`, ...fields, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...headers];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const [first]: Buffer[] = await once(socket, 'data');
    const [status = ''] = String(first).split('\r\n');
    if (status !== 'HTTP/1.1 101 Switching Protocols') {
      socket.destroy();
      throw new Error(status);
    }
    return socket;
  }
}
