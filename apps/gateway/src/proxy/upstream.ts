import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import { createProxyServer, type ProxyServer } from 'httpxy';
import { cleanAnswerHeaders } from '../headers/forwarded-headers.js';
import { LimitedBody } from './limited-body.js';

export type UpstreamFault = 'UPSTREAM_UNREACHABLE' | 'UPSTREAM_TIMEOUT' | 'BODY_TOO_LARGE' | 'BODY_TOO_SLOW';

/** An admitted request as the upstream gets it. */
export interface Forwarded {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The upstream failed; the client has had no answer yet, or part of one. Told once, and not of clients that are gone. */
  readonly onFault: (fault: UpstreamFault) => void;
}

export interface UpstreamOptions {
  readonly url: string;
  /** Milliseconds until the first octet of an answer, of waiting for a connection too; anew with each part of a body that is handed on. */
  readonly timeout: number;
  /** Milliseconds for a whole body of a client. */
  readonly bodyTimeout: number;
  readonly maxConnections: number;
  /** For an https upstream: whom it must be certified by, and the gateway's own certificate. */
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;
}

/** A request on its way, from when it is handed on: it may wait for a connection first. */
interface Sending {
  readonly abort: AbortController;
  /** Ends it where no answer begins in time. */
  readonly late: NodeJS.Timeout;
  /** It has a connection. */
  connected: boolean;
}

/** Hands requests on, streams both ways. Whatever ends one side ends the other. */
export class Upstream {
  private readonly options: UpstreamOptions;
  private readonly proxy: ProxyServer;
  private tls: UpstreamOptions['tls'];
  private agent: HttpAgent;
  private readonly sending = new WeakMap<IncomingMessage, Sending>();
  /** Of those whose fault was not told yet. */
  private readonly onFault = new WeakMap<IncomingMessage, Forwarded['onFault']>();

  constructor(options: UpstreamOptions) {
    this.options = options;
    this.tls = options.tls;
    this.agent = this.newAgent();
    // one request's options would lose against these
    this.proxy = createProxyServer({ target: options.url, changeOrigin: true, xfwd: false, secure: true });
    this.proxy.on('proxyReq', (_sent, request) => this.connected(request));
    this.proxy.on('proxyReqWs', (sent, request, socket) => {
      // these come before those of httpxy, which write to the client
      sent.once('response', (answer: IncomingMessage) => this.answered(answer, request));
      sent.once('upgrade', (answer: IncomingMessage) => {
        this.answered(answer, request);
        Object.assign(answer.headers, { connection: 'Upgrade', upgrade: 'websocket' });
      });
      tie(sent, socket);
    });
    this.proxy.on('proxyRes', (answer, request, response) => {
      this.answered(answer, request);
      // else httpxy would promise to go on where the client, or we, want to end the connection
      answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
    });
    this.proxy.on('error', (_error, request) => {
      if (request !== undefined) this.fault(request, 'UPSTREAM_UNREACHABLE');
    });
  }

  /** Goes on with a renewed certificate of the gateway. */
  setTls(tls: UpstreamOptions['tls']): void {
    this.tls = tls;
    // what is under way ends on its own connections
    this.agent = this.newAgent();
  }

  /** Resolves when the exchange is over, however it ended. */
  async forward(
    request: IncomingMessage,
    response: ServerResponse,
    forwarded: Forwarded,
    maxBody: number | undefined,
  ): Promise<void> {
    this.prepare(request, forwarded);
    const ssl = this.begin(request, response);
    // not the request where it says that it has no body: whatever else its parser let through would reach the upstream unframed
    const buffer = maxBody === undefined ? Readable.from([]) : this.limited(request, response, maxBody);
    const options = { agent: this.agent, ssl, buffer };
    await this.proxy.web(request, response, options).catch(() => response.destroy());
  }

  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer, forwarded: Forwarded): Promise<void> {
    this.prepare(request, forwarded);
    // not `agent: false`: a connection that becomes a WebSocket never comes back to a pool
    const ssl = this.begin(request, socket);
    await this.proxy.ws(request, socket, { agent: undefined, ssl }, head).catch(() => socket.destroy());
  }

  close(): void {
    this.agent.destroy();
  }

  private newAgent(): HttpAgent {
    const options = { keepAlive: true, maxSockets: this.options.maxConnections, maxFreeSockets: 64 };
    return this.options.url.startsWith('https:') ? new HttpsAgent({ ...options, ...this.tls }) : new HttpAgent(options);
  }

  /** Options of the request to the upstream, a copy each: httpxy writes into them. The signal ends it, even where it still waits. */
  private begin(
    request: IncomingMessage,
    to: ServerResponse | Socket,
  ): UpstreamOptions['tls'] & { signal: AbortSignal } {
    const abort = new AbortController();
    const late = setTimeout(() => this.end(request, 'UPSTREAM_TIMEOUT'), this.options.timeout);
    to.once('close', () => clearTimeout(late));
    this.sending.set(request, { abort, late, connected: false });
    return { ...this.tls, signal: abort.signal };
  }

  private connected(request: IncomingMessage): void {
    const sending = this.sending.get(request);
    if (sending === undefined) return;
    sending.connected = true;
    sending.late.refresh();
  }

  private answered(answer: IncomingMessage, request: IncomingMessage): void {
    clearTimeout(this.sending.get(request)?.late);
    cleanAnswerHeaders(answer.headers);
  }

  private limited(request: IncomingMessage, response: ServerResponse, octets: number): LimitedBody {
    const sending = this.sending.get(request);
    const body = new LimitedBody(octets, () => this.end(request, 'BODY_TOO_LARGE'));
    const slow = setTimeout(() => this.end(request, 'BODY_TOO_SLOW'), this.options.bodyTimeout);
    const done = (): void => clearTimeout(slow);
    body.once('finish', done);
    response.once('close', done);
    // one that waits for a connection does not wait longer for that
    request.on('data', () => {
      if (sending?.connected && !response.headersSent) sending.late.refresh();
    });
    // a client that breaks off must not leave the upstream waiting
    request.once('close', () => {
      if (!request.complete) sending?.abort.abort();
    });
    return request.pipe(body);
  }

  private end(request: IncomingMessage, fault: UpstreamFault): void {
    this.fault(request, fault);
    this.sending.get(request)?.abort.abort();
  }

  private fault(request: IncomingMessage, fault: UpstreamFault): void {
    const tell = this.onFault.get(request);
    this.onFault.delete(request);
    if (!request.socket.destroyed) tell?.(fault);
  }

  /** httpxy sends what the request says, so the request is made to say what the upstream is to get. */
  private prepare(request: IncomingMessage, { target, headers, onFault }: Forwarded): void {
    request.url = target;
    request.headers = headers;
    this.onFault.set(request, onFault);
  }
}

/** A client that is gone takes its WebSocket along, before and after the handshake, and so does the upstream. */
function tie(sent: ClientRequest, client: Socket): void {
  client.once('close', () => sent.destroy());
  sent.once('upgrade', (_answer, upstream: Socket) => {
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  });
}
