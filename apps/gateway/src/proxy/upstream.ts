import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { createProxyServer, type ProxyServer } from 'httpxy';
import { cleanAnswerHeaders } from '../headers/forwarded-headers.js';
import { LimitedBody } from './limited-body.js';

export type UpstreamFault = 'UPSTREAM_UNREACHABLE' | 'UPSTREAM_TIMEOUT' | 'BODY_TOO_LARGE';

/** An admitted request as the upstream gets it. */
export interface Forwarded {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The upstream failed; the client has had no answer yet, or part of one. Told once, and not of clients that are gone. */
  readonly onFault: (fault: UpstreamFault) => void;
}

export interface UpstreamOptions {
  readonly url: string;
  /** Milliseconds until the first octet of an answer. */
  readonly timeout: number;
  readonly maxConnections: number;
  /** For an https upstream: whom it must be certified by, and the gateway's own certificate. */
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;
}

/** Hands requests on, streams both ways. Whatever ends one side ends the other. */
export class Upstream {
  private readonly options: UpstreamOptions;
  private readonly proxy: ProxyServer;
  private tls: UpstreamOptions['tls'];
  private agent: HttpAgent;
  private readonly sent = new WeakMap<IncomingMessage, ClientRequest>();
  private readonly late = new WeakSet<IncomingMessage>();
  /** Of those whose fault was not told yet. */
  private readonly onFault = new WeakMap<IncomingMessage, Forwarded['onFault']>();

  constructor(options: UpstreamOptions) {
    this.options = options;
    this.tls = options.tls;
    this.agent = this.newAgent();
    // one request's options would lose against these
    this.proxy = createProxyServer({ target: options.url, changeOrigin: true, xfwd: false, secure: true });
    this.proxy.on('proxyReq', (sent, request) => this.watch(sent, request));
    this.proxy.on('proxyReqWs', (sent, request, socket) => {
      this.watch(sent, request);
      tie(sent, socket);
    });
    this.proxy.on('proxyRes', (answer, request, response) => {
      this.sent.get(request)?.setTimeout(0);
      cleanAnswerHeaders(answer.headers);
      // else httpxy would promise to go on where the client, or we, want to end the connection
      answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
    });
    this.proxy.on('error', (_error, request) => {
      if (request !== undefined)
        this.fault(request, this.late.has(request) ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNREACHABLE');
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
    const buffer = maxBody === undefined ? undefined : this.limited(request, maxBody);
    const options = { agent: this.agent, ssl: this.tls, ...(buffer && { buffer }) };
    await this.proxy.web(request, response, options).catch(() => response.destroy());
  }

  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer, forwarded: Forwarded): Promise<void> {
    this.prepare(request, forwarded);
    // not `agent: false`: a connection that becomes a WebSocket never comes back to a pool
    await this.proxy.ws(request, socket, { agent: undefined, ssl: this.tls }, head).catch(() => socket.destroy());
  }

  close(): void {
    this.agent.destroy();
  }

  private newAgent(): HttpAgent {
    const options = { keepAlive: true, maxSockets: this.options.maxConnections, maxFreeSockets: 64 };
    return this.options.url.startsWith('https:') ? new HttpsAgent({ ...options, ...this.tls }) : new HttpAgent(options);
  }

  private watch(sent: ClientRequest, request: IncomingMessage): void {
    this.sent.set(request, sent);
    sent.setTimeout(this.options.timeout, () => {
      this.late.add(request);
      sent.destroy(new Error('the upstream did not answer in time'));
    });
  }

  private limited(request: IncomingMessage, octets: number): LimitedBody {
    const body = new LimitedBody(octets, () => {
      this.fault(request, 'BODY_TOO_LARGE');
      this.sent.get(request)?.destroy();
    });
    // a client that breaks off must not leave the upstream waiting
    request.once('close', () => {
      if (!request.complete) this.sent.get(request)?.destroy();
    });
    return request.pipe(body);
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
