import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { CaCaller, CaCallRefusedError, CaPort } from '@touchmark/ca-port';
import type { CertificateStatus } from '@touchmark/verifier';
import { CallerJudge } from './caller-judge.js';
import { callerLimits, CallerShare } from './caller-share.js';
import { certificatesOf, type GrpcCredentials } from './credentials.js';
import { CaGrpcError } from './error.js';
import { ServerConnection } from './server-connection.js';
import { loadServiceDefinition, receiving } from './service-definition.js';

export interface ServeCaPortOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The service certificate `ca`. A new one serves connections from then on; those that are open go on. */
  readonly credentials: GrpcCredentials;
  /** SPIFFE trust domain of the callers. */
  readonly realm: string;
  /** The CA as this caller may use it. */
  readonly portFor: (caller: CaCaller) => CaPort;
  /** Status of a caller's certificate by its serialNumber, from the CA's own database. Asked at most once a second for each. */
  readonly statusOf: (serialNumber: Uint8Array) => Promise<CertificateStatus>;
  /**
   * Bounds handshakes in flight and connections that say nothing, before TLS sees them: `capHandshakes` of libs/server. Who holds
   * these is nobody yet, and must not keep out who is somebody.
   */
  readonly capHandshakes: (server: TlsServer) => void;
  /** UTC seconds. */
  readonly now: () => number;
  /** A connection or call that was turned away: for its certificate, for what it asked, or because its caller has enough. */
  readonly onRefused: (error: CaGrpcError | CaCallRefusedError) => void;
  /** What failed although nobody did anything wrong. */
  readonly onError: (error: unknown) => void;
}

export interface CaPortServer {
  readonly port: number;
  /** Takes no more connections, lets calls end for `graceMilliseconds`, then cuts what is left. */
  close(graceMilliseconds?: number): Promise<void>;
}

const HANDSHAKE_MILLISECONDS = 10_000;
/** The last resort: each kind of connection has its own, lower limit. */
const MAX_CONNECTIONS = 2_048;
const GRACE_MILLISECONDS = 5_000;

/** Serves the CA port over gRPC. Rejects with what listening failed with. */
export async function serveCaPort(options: ServeCaPortOptions): Promise<CaPortServer> {
  const { credentials, host, port } = options;
  let anchors = certificatesOf(credentials.tls().ca);
  const judge = new CallerJudge({ ...options, anchors: () => anchors });
  const definition = receiving(loadServiceDefinition());
  const shares: Readonly<Record<CaCaller, CallerShare>> = {
    enrollment: new CallerShare(callerLimits.enrollment),
    responder: new CallerShare(callerLimits.responder),
  };
  const open = new Set<ServerConnection>();

  const server = createServer({
    ...contextOf(credentials),
    // judged by our verifier, as octets: `authorized` of node:tls says nothing about who it is
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  options.capHandshakes(server);
  server.on('secureConnection', (socket) => void accept(socket).catch(options.onError));

  async function accept(socket: TLSSocket): Promise<void> {
    // what breaks a connection is told to those whose calls were on it
    socket.on('error', () => socket.destroy());
    const certificate = socket.getPeerX509Certificate()?.raw;
    let share: CallerShare;
    try {
      if (certificate === undefined) throw new CaGrpcError('CALLER_NOT_ACCEPTED', 'CERTIFICATE_MISSING');
      share = shares[await judge.judge(certificate)];
      if (socket.destroyed || !server.listening) return void socket.destroy();
      socket.once('close', share.connect());
    } catch (error) {
      socket.destroy();
      if (!(error instanceof CaGrpcError)) throw error;
      options.onRefused(error);
      return;
    }
    const connection = new ServerConnection(socket, {
      ...options,
      definition,
      share,
      judge: () => judge.judge(certificate),
    });
    open.add(connection);
    socket.once('close', () => {
      open.delete(connection);
      connection.destroy();
    });
  }

  const stopListening = credentials.onChange(() => {
    server.setSecureContext(contextOf(credentials));
    anchors = certificatesOf(credentials.tls().ca);
  });
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    stopListening();
    throw error;
  });
  return {
    port: portOf(server),
    async close(graceMilliseconds = GRACE_MILLISECONDS) {
      stopListening();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of open) connection.end();
      const cut = setTimeout(() => open.forEach((connection) => connection.destroy()), graceMilliseconds);
      await closed;
      clearTimeout(cut);
    },
  };
}

function contextOf(credentials: GrpcCredentials) {
  const { key, cert, ca } = credentials.tls();
  return { key, cert, ca, minVersion: 'TLSv1.2' } as const;
}

function portOf(server: TlsServer): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port');
  return address.port;
}
