import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { capHandshakes, type HandshakeCount } from './handshake-cap.js';
import { limitPipelines } from './pipeline.js';
import type { SilenceLimits } from './silent-connections.js';
import { listenError } from './listen-error.js';
import { type ListenerName, tagRequest } from './listener-name.js';
import { noteDraining } from './long-answer.js';

/** Certificate chain and key as PEM. */
export type ServerCredentials = Pick<SecureContextOptions, 'key' | 'cert'>;

export interface ListenerTls extends ServerCredentials {
  /** Ask for a client certificate. It is never judged here: a client without one, or with a bad one, gets through. */
  readonly requestCertificate: boolean;
  /** Handshakes in flight beyond which new connections are dropped unanswered. */
  readonly maxHandshakes?: number;
  /** How long, and how many, connections may be that send nothing. */
  readonly silence?: SilenceLimits;
}

export interface ListenerOptions {
  readonly name: ListenerName;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The configuration variable that holds the port, for the error that says which one to change. */
  readonly setting: string;
  readonly tls?: ListenerTls;
  /**
   * True where requests may go on for as long as the client likes to send (batch streams): then silence on the
   * connection ends a request, and not its length. A request that is refused ends with its answer.
   */
  readonly streams?: boolean;
  /** Connections open at a time beyond which new ones are dropped unanswered. */
  readonly maxConnections?: number;
}

/** Milliseconds. A client that needs longer than this is stuck or hostile. */
const TIMEOUTS = { handshake: 10_000, headers: 15_000, request: 60_000, keepAlive: 30_000, silence: 60_000 };
const MAX_HANDSHAKES = 256;
/** Devices and relying parties are many, and keep their connections for a while; those who administer are few. */
const MAX_CONNECTIONS = { device: 10_000, admin: 1_000, public: 10_000, gateway: 4_000 } as const;
const MAX_HEADER_BYTES = 16_384;

/** One open port. */
export interface Listener {
  readonly name: ListenerName;
  readonly host: string;
  readonly port: number;
  /** `https://` or `http://`, host and port, as a client on this machine would write it. */
  readonly url: string;
  readonly handshakes: HandshakeCount;
  /** Swaps certificate and key for handshakes from now on; sessions resumed by older tickets end. */
  setSecureContext(credentials: ServerCredentials): void;
  /** Stops accepting, asks long answers to end, lets requests in flight end for at most `graceSeconds`, then cuts what is left. */
  close(graceSeconds: number): Promise<void>;
}

/** Opens a port. HTTP/1.1 only: EST clients know nothing else, and the case of header fields matters to some. */
export async function openListener(options: ListenerOptions, handle: RequestListener): Promise<Listener> {
  const draining = new AbortController();
  const onRequest = limitPipelines((request, response) => {
    tagRequest(request, options.name);
    noteDraining(request, draining.signal);
    handle(request, response);
  });
  const timeouts = {
    headersTimeout: TIMEOUTS.headers,
    requestTimeout: options.streams ? 0 : TIMEOUTS.request,
    keepAliveTimeout: TIMEOUTS.keepAlive,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const { tls } = options;
  const secure = tls && createHttpsServer({ ...timeouts, ...secureOptions(tls) }, onRequest);
  const server: HttpServer | HttpsServer = secure ?? createHttpServer(timeouts, onRequest);
  server.setTimeout(TIMEOUTS.silence);
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS[options.name];
  const handshakes = secure
    ? capHandshakes(secure, tls.maxHandshakes ?? MAX_HANDSHAKES, tls.silence)
    : { inFlight: 0, silent: 0, refused: 0 };
  const sockets = trackSockets(server);
  const port = await listen(server, options);
  return {
    name: options.name,
    host: options.host,
    port,
    url: `${secure ? 'https' : 'http'}://${hostInUrl(options.host)}:${port}`,
    handshakes,
    setSecureContext(credentials) {
      if (!secure) throw new TypeError(`the ${options.name} listener has no TLS`);
      secure.setSecureContext(secureContext(credentials));
    },
    close(graceSeconds) {
      const drained = drain(server, sockets, graceSeconds);
      draining.abort();
      return drained;
    },
  };
}

const secureContext = ({ key, cert }: ServerCredentials) => ({ key, cert, minVersion: 'TLSv1.2' as const });

function secureOptions(tls: ListenerTls) {
  return {
    ...secureContext(tls),
    handshakeTimeout: TIMEOUTS.handshake,
    ALPNProtocols: ['http/1.1'],
    requestCert: tls.requestCertificate,
    // `authorized` proves nothing (see peer-certificates.ts): who the client is, the verifier says from the certificate's bytes.
    rejectUnauthorized: false,
  };
}

/** Raw connections, those still in their handshake too, which `closeAllConnections` does not know. */
function trackSockets(server: HttpServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function listen(server: HttpServer, options: ListenerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, options.name, options)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listening on something else than a port');
  return address.port;
}

async function drain(server: HttpServer, sockets: Set<Socket>, graceSeconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Node closes connections that are idle now; the ones in use would linger in keep-alive after their answer.
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
  server.keepAliveTimeout = 1;
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  }, graceSeconds * 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
