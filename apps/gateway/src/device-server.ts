import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { TlsCredentials } from '@touchmark/credentials';
import { capHandshakes, type HandshakeCount, limitPipelines } from '@touchmark/server';
import type { GatewayRefusalCode } from './refusal.js';

export interface DeviceServerOptions {
  readonly tls: TlsCredentials;
  readonly connections: number;
  readonly handshakes: number;
  readonly headerSize: number;
  readonly idleSeconds: number;
  /** After each handshake, of resumed sessions too. */
  readonly onConnection: (socket: TLSSocket) => void;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
  /** No TLS came of it: other octets, no version in common, or silence. */
  readonly onHandshakeFailed: () => void;
  /** Octets that are no request. */
  readonly onMalformed: (code: GatewayRefusalCode, socket: Socket) => void;
}

export interface DeviceServer {
  readonly server: Server;
  readonly handshakes: HandshakeCount;
  /** Swaps certificate and key for handshakes from now on. */
  setTls(tls: TlsCredentials): void;
}

/** Milliseconds. */
const TIMEOUTS = { handshake: 10_000, headers: 15_000, keepAlive: 75_000 };

/**
 * The port for devices, HTTP/1.1 over TLS 1.2 or 1.3. What TLS thinks of a client's certificate counts for nothing here
 * (`rejectUnauthorized: false`): a resumed session would be thought well of whatever became of it.
 */
export function createDeviceServer(options: DeviceServerOptions): DeviceServer {
  const server = createServer({
    ...contextOf(options.tls),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: TIMEOUTS.handshake,
    headersTimeout: TIMEOUTS.headers,
    keepAliveTimeout: TIMEOUTS.keepAlive,
    // bodies have limits of their own: `Upstream`
    requestTimeout: 0,
    maxHeaderSize: options.headerSize,
    insecureHTTPParser: false,
    requireHostHeader: true,
  });
  const onRequest = limitPipelines(options.onRequest);
  server.on('request', onRequest);
  // decided before the client is told to send its body
  server.on('checkContinue', onRequest);
  const secure = new WeakSet<Duplex>();
  server.on('secureConnection', (socket) => {
    secure.add(socket);
    options.onConnection(socket);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (socket instanceof Socket) options.onUpgrade(request, socket, head);
    else socket.destroy();
  });
  server.on('clientError', (error, socket) => {
    // nobody would read an answer, and nobody would close what waits for one to be read
    if (!secure.has(socket)) {
      options.onHandshakeFailed();
      socket.destroy();
      return;
    }
    if (isGone(error) || !socket.writable) {
      socket.destroy();
      return;
    }
    const code = codeOf(error) === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : 'REQUEST_MALFORMED';
    if (socket instanceof Socket) options.onMalformed(code, socket);
    else socket.destroy();
  });
  // no field is left out, as older versions do beyond a count: they would frame a body by one that we do not see. `headerSize` is the limit
  server.maxHeadersCount = 0;
  server.setTimeout(options.idleSeconds * 1000);
  server.maxConnections = options.connections;
  const handshakes = capHandshakes(server, options.handshakes);
  return { server, handshakes, setTls: (tls) => server.setSecureContext(contextOf(tls)) };
}

// not `ca`: whom we trust among clients is the verifier's business
const contextOf = ({ key, cert }: TlsCredentials) => ({ key, cert, minVersion: 'TLSv1.2' as const });

const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined);

const isGone = (error: Error): boolean => codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EPIPE';
