import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type TlsOptions, TLSSocket } from 'node:tls';

/** A request as it reached the upstream. */
export interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names in lower case, as they came. */
  readonly names: readonly string[];
  readonly bodyLength: number;
  /** Common name in the certificate that the gateway showed, where the upstream speaks TLS. */
  readonly shown: string | undefined;
}

/** What stands behind a gateway in tests: answers what it was asked, streams, echoes WebSockets, hangs. */
export class TestUpstream {
  readonly url: string;
  readonly reached: Reached[] = [];
  /** Streams and WebSockets that are open. */
  readonly open = new Set<ServerResponse | Duplex>();
  private readonly server: Server;

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.server = server;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    this.url = `${scheme}://127.0.0.1:${address.port}`;
    server.on('request', (request, response) => void this.answer(request, response));
    server.on('upgrade', (request, socket) => this.echo(request, socket));
  }

  /** With `tls`, it asks for a client certificate and takes any. */
  static async open(tls?: TlsOptions): Promise<TestUpstream> {
    const asking = { requestCert: true, rejectUnauthorized: false };
    const server =
      tls === undefined ? createServer({ insecureHTTPParser: false }) : createTlsServer({ ...tls, ...asking });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestUpstream(server, tls === undefined ? 'http' : 'https');
  }

  get last(): Reached {
    const last = this.reached.at(-1);
    if (last === undefined) throw new Error('nothing has reached the upstream');
    return last;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    for (const one of this.open) one.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/slow') return;
    let bodyLength = 0;
    try {
      for await (const chunk of request) bodyLength += Buffer.from(chunk).length;
    } catch {
      // the client broke off: nothing reached us whole
      return;
    }
    this.keep(request, bodyLength);
    if (request.url?.endsWith('/stream')) {
      this.track(response);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: first\n\n');
      return;
    }
    response.setHeader('Client-Cert', 'the upstream has no say in this');
    response.setHeader('Vary', 'Client-Cert');
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(this.last));
  }

  private echo(request: IncomingMessage, socket: Duplex): void {
    this.keep(request, 0);
    this.track(socket);
    socket.on('error', () => socket.destroy());
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    // the frames are of no concern to a gateway, so octets will do
    socket.pipe(socket);
  }

  private track(one: ServerResponse | Duplex): void {
    this.open.add(one);
    one.once('close', () => this.open.delete(one));
  }

  private keep({ method = '', url = '', headers, rawHeaders, socket }: IncomingMessage, bodyLength: number): void {
    const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
    const flat = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join() : value]);
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    this.reached.push({ method, url, headers: Object.fromEntries(flat), names, bodyLength, shown: [shown].flat()[0] });
  }
}
