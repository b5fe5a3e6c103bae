import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Admitted, Decide } from './admission/decide.js';
import { hasBody } from './admission/decide.js';
import type { Exchanges } from './admission/exchanges.js';
import type { Peers } from './admission/peers.js';
import { answerRefusal, answerRefusalOnSocket } from './answer.js';
import { clientCertHeaders } from './headers/client-cert.js';
import { type AllowedHeaders, forwardedHeaders } from './headers/forwarded-headers.js';
import { IDENTITY_HEADER, type IdentitySigner } from './headers/identity-signer.js';
import type { GatewayMetrics } from './operations/gateway-metrics.js';
import type { Forwarded, Upstream } from './proxy/upstream.js';
import type { Refusal } from './refusal.js';
import type { SightingsReporter } from './service/sightings-reporter.js';

export interface EnforcementPorts {
  readonly peers: Peers;
  readonly decide: Pick<Decide, 'run'>;
  readonly exchanges: Pick<Exchanges, 'add'>;
  readonly identity: Pick<IdentitySigner, 'tokenFor'>;
  readonly upstream: Pick<Upstream, 'forward' | 'upgrade'>;
  readonly sightings: Pick<SightingsReporter, 'note'>;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly now: () => number;
  readonly requestId: () => string;
  /** Seconds after which a connection ends with its next answer. */
  readonly connectionSeconds: number;
  readonly allowedHeaders: AllowedHeaders;
}

/** What happens to a connection, a request, an upgrade: judged, answered or handed on. */
export class Enforcement {
  private readonly ports: EnforcementPorts;

  constructor(ports: EnforcementPorts) {
    this.ports = ports;
  }

  connection(socket: Socket): void {
    const refused = this.ports.peers.admit(socket);
    if (refused === undefined) return;
    this.ports.metrics.connectionsRefused.inc({ code: refused.code });
    const { code, reason } = refused;
    this.ports.logger.info({ code, reason, source: socket.remoteAddress }, 'connection refused');
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { decide, exchanges, upstream, peers, connectionSeconds } = this.ports;
    const { socket } = request;
    const admitted = await decide.run(request, false);
    if (socket.destroyed) return;
    if (!admitted.ok) {
      this.refused(admitted, admitted.route, socket);
      // who is nobody, or cannot be judged now, begins anew with its next request
      if (admitted.route === undefined) response.shouldKeepAlive = false;
      answerRefusal(request, response, admitted, this.ports.requestId());
      return;
    }
    this.allowed(admitted, socket);
    if (peers.age(socket) > connectionSeconds) response.shouldKeepAlive = false;
    const end = exchanges.add({ ...admitted, connection: socket });
    try {
      const forwarded = await this.forwarded(request, admitted, false);
      // RFC 9110 section 10.1.1: HTTP/1.0 knows no interim answers
      if (request.headers.expect !== undefined && request.httpVersion === '1.1') response.writeContinue();
      const maxBody = hasBody(request) ? admitted.maxBody : undefined;
      await upstream.forward(request, response, forwarded, maxBody);
    } finally {
      end();
    }
  }

  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { decide, exchanges, upstream, requestId } = this.ports;
    // node:http has let go of it: errors would be nobody's
    socket.on('error', () => socket.destroy());
    const admitted = await decide.run(request, true);
    if (socket.destroyed) return;
    if (!admitted.ok) {
      this.refused(admitted, admitted.route, socket);
      answerRefusalOnSocket(socket, admitted, requestId());
      return;
    }
    if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      this.refused({ code: 'UPGRADE_NOT_ALLOWED' }, admitted.route.name, socket);
      answerRefusalOnSocket(socket, { code: 'UPGRADE_NOT_ALLOWED' }, requestId());
      return;
    }
    this.allowed(admitted, socket);
    const end = exchanges.add({ ...admitted, connection: socket });
    socket.once('close', end);
    await upstream.upgrade(request, socket, head, await this.forwarded(request, admitted, true));
  }

  /** What is the same of every refusal. */
  refused({ code, reason }: Refusal, route: string | undefined, socket: Socket): void {
    this.ports.metrics.requests.inc({ route: route ?? '', outcome: code });
    this.ports.logger.info({ code, reason, route, source: socket.remoteAddress }, 'request refused');
  }

  private allowed({ route, stale, accepted }: Admitted, socket: Socket): void {
    const { metrics, sightings, logger, now } = this.ports;
    metrics.requests.inc({ route: route.name, outcome: 'allowed' });
    if (stale) {
      metrics.allowedWhileStale.inc({ route: route.name });
      logger.warn({ route: route.name, asOf: accepted.status.asOf }, 'let through although status is stale');
    }
    const [certificate] = accepted.path;
    if (certificate === undefined) return;
    const { sha256 } = accepted.certificate;
    sightings.note({ certificate, sha256, at: now(), source: socket.remoteAddress ?? 'unknown' });
  }

  private async forwarded(
    request: IncomingMessage,
    { target, accepted, device }: Admitted,
    upgrade: boolean,
  ): Promise<Forwarded> {
    const token = await this.ports.identity.tokenFor(accepted, device);
    const clientAddress = request.socket.remoteAddress ?? 'unknown';
    const own = { ...clientCertHeaders(accepted.path), [IDENTITY_HEADER]: token };
    const headers = forwardedHeaders(request, { clientAddress, headers: own }, upgrade, this.ports.allowedHeaders);
    return { target, headers };
  }
}
