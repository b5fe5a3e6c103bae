import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { type Admission, type Admitted, type Decide, hasBody } from './admission/decide.js';
import type { Exchanges } from './admission/exchanges.js';
import type { Peers } from './admission/peers.js';
import { answerRefusal, answerRefusalOnSocket } from './answer.js';
import { clientCertHeaders } from './headers/client-cert.js';
import { type AllowedHeaders, forwardedHeaders } from './headers/forwarded-headers.js';
import { IDENTITY_HEADER, type IdentitySigner } from './headers/identity-signer.js';
import type { GatewayMetrics } from './operations/gateway-metrics.js';
import { SparingLog } from './operations/sparing-log.js';
import type { Upstream } from './proxy/upstream.js';
import type { GatewayRefusalCode, Refusal } from './refusal.js';
import type { SightingsReporter } from './service/sightings-reporter.js';

export interface EnforcementPorts {
  readonly peers: Peers;
  readonly decide: Pick<Decide, 'run'>;
  readonly exchanges: Pick<Exchanges, 'add' | 'recheck' | 'connections'>;
  readonly identity: Pick<IdentitySigner, 'tokenFor' | 'isOver'>;
  readonly upstream: Pick<Upstream, 'forward' | 'upgrade'>;
  readonly sightings: Pick<SightingsReporter, 'note'>;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly now: () => number;
  readonly requestId: () => string;
  /** Seconds after which a connection ends with its next answer. */
  readonly connectionSeconds: number;
  /** What stale knowledge means for connections that carry no request. */
  readonly whenStale: 'deny' | 'allow';
  readonly allowedHeaders: AllowedHeaders;
}

type Answer = (refusal: Refusal, requestId: string) => void;

/** Refusals that need no certificate of ours. */
const ANYBODY: ReadonlySet<GatewayRefusalCode> = new Set(['CERTIFICATE_MISSING', 'CERTIFICATE_INVALID']);

/** A device has as much under way as it may have. */
const TOO_MANY: Refusal = { code: 'RATE_LIMITED', retryAfter: 1 };

/** What happens to a connection, a request, an upgrade: judged, answered or handed on. */
export class Enforcement {
  private readonly ports: EnforcementPorts;
  private readonly sparing: SparingLog;

  constructor(ports: EnforcementPorts) {
    this.ports = ports;
    this.sparing = new SparingLog(ports.logger);
  }

  connection(socket: Socket): void {
    const { peers, metrics } = this.ports;
    const refused = peers.admit(socket);
    if (refused === undefined) return;
    const { code, reason } = refused;
    metrics.connectionsRefused.inc({ code });
    const presented = peers.presented(socket);
    // whom a certificate names counts only where it was issued by us: else names without end would be lines without end
    const kind = ANYBODY.has(code) ? code : `${code} ${presented.spiffeId ?? ''}`;
    this.sparing.info(kind, { code, reason, ...presented, source: socket.remoteAddress }, 'connection refused');
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { upstream, peers, connectionSeconds } = this.ports;
    const { socket } = request;
    const answer: Answer = (refusal, requestId) => answerRefusal(request, response, refusal, requestId);
    const admitted = await this.admit(request, false);
    if (socket.destroyed) return;
    if (!admitted.ok) {
      // who is nobody, or cannot be judged now, begins anew with its next request
      if (admitted.route === undefined) response.shouldKeepAlive = false;
      this.refuse(request, admitted, admitted.route, answer);
      return;
    }
    const end = this.begin(admitted, socket);
    if (end === undefined) {
      this.refuse(request, TOO_MANY, admitted.route.name, answer);
      return;
    }
    try {
      const forwarded = await this.forwarded(request, admitted, false, answer);
      if (socket.destroyed) return;
      if (peers.age(socket) > connectionSeconds) response.shouldKeepAlive = false;
      // RFC 9110 section 10.1.1: HTTP/1.0 knows no interim answers
      if (request.headers.expect !== undefined && request.httpVersion === '1.1') response.writeContinue();
      const maxBody = hasBody(request) ? admitted.maxBody : undefined;
      await upstream.forward(request, response, forwarded, maxBody);
    } finally {
      end();
    }
  }

  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const answer: Answer = (refusal, requestId) => answerRefusalOnSocket(socket, refusal, requestId);
    // node:http has let go of it: errors would be nobody's
    socket.on('error', () => socket.destroy());
    const admitted = await this.admit(request, true);
    if (socket.destroyed) return;
    if (!admitted.ok) {
      this.refuse(request, admitted, admitted.route, answer);
      return;
    }
    if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      this.refuse(request, { code: 'UPGRADE_NOT_ALLOWED' }, admitted.route.name, answer);
      return;
    }
    const end = this.begin(admitted, socket);
    if (end === undefined) {
      this.refuse(request, TOO_MANY, admitted.route.name, answer);
      return;
    }
    socket.once('close', end);
    const forwarded = await this.forwarded(request, admitted, true, answer);
    // one that is gone by now would never take its upstream's connection along
    if (!socket.destroyed) await this.ports.upstream.upgrade(request, socket, head, forwarded);
  }

  /** Octets that are no request. */
  malformed(code: GatewayRefusalCode, socket: Socket): void {
    const { metrics, logger, peers } = this.ports;
    const requestId = this.ports.requestId();
    metrics.requests.inc({ route: '', outcome: code });
    const source = socket.remoteAddress;
    logger.info({ requestId, code, ...peers.presented(socket), source }, 'request refused');
    answerRefusalOnSocket(socket, { code }, requestId);
  }

  /** Another policy is in force: ends what it does not allow. Answers how much that was. */
  policyChanged(): number {
    return this.ports.exchanges.recheck();
  }

  /**
   * What is known has become too old: ends exchanges but those whose route goes on, and connections that carry none. A device that may
   * go on somewhere connects again; all others are told so when they do.
   */
  becameStale(): void {
    const { exchanges, peers, metrics, whenStale } = this.ports;
    exchanges.recheck();
    if (whenStale === 'allow') return;
    metrics.connectionsEnded.inc({ code: 'STATUS_STALE' }, peers.endIdle(exchanges.connections()));
  }

  private async admit(request: IncomingMessage, upgrade: boolean): Promise<Admission> {
    const admitted = await this.ports.decide.run(request, upgrade);
    if (!admitted.ok || !this.ports.identity.isOver) return admitted;
    return { ok: false, code: 'GATEWAY_EXPIRED', route: admitted.route.name };
  }

  /** Counts and logs a refusal, and answers it, all under one request id. */
  private refuse(request: IncomingMessage, refusal: Refusal, route: string | undefined, answer: Answer): void {
    const { metrics, logger, peers } = this.ports;
    const { code, reason } = refusal;
    const { method, socket } = request;
    const requestId = this.ports.requestId();
    metrics.requests.inc({ route: route ?? '', outcome: code });
    const who = { ...peers.presented(socket), source: socket.remoteAddress };
    logger.info({ requestId, code, reason, method, route, ...who }, 'request refused');
    answer(refusal, requestId);
  }

  /** Returns how to say that it is over; undefined where the device has as much under way as it may have. */
  private begin({ route, stale, accepted, question, device }: Admitted, socket: Socket): (() => void) | undefined {
    const { exchanges, metrics, sightings, logger, now } = this.ports;
    const end = exchanges.add({ question, device, connection: socket });
    if (end === undefined) return undefined;
    metrics.requests.inc({ route: route.name, outcome: 'allowed' });
    if (stale) {
      metrics.allowedWhileStale.inc({ route: route.name });
      logger.warn({ route: route.name, asOf: accepted.status.asOf }, 'let through although status is stale');
    }
    const [certificate] = accepted.path;
    if (certificate !== undefined) {
      const { sha256 } = accepted.certificate;
      sightings.note({ certificate, sha256, at: now(), source: socket.remoteAddress ?? 'unknown' });
    }
    return end;
  }

  private async forwarded(
    request: IncomingMessage,
    { target, accepted, device, route }: Admitted,
    upgrade: boolean,
    answer: Answer,
  ) {
    const token = await this.ports.identity.tokenFor(accepted, device);
    const clientAddress = request.socket.remoteAddress ?? 'unknown';
    const own = { ...clientCertHeaders(accepted.path), [IDENTITY_HEADER]: token };
    return {
      target,
      headers: forwardedHeaders(request, { clientAddress, headers: own }, upgrade, this.ports.allowedHeaders),
      onFault: (code: GatewayRefusalCode) => this.refuse(request, { code }, route.name, answer),
    };
  }
}
