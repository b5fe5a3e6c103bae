import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Closing, createMetricsRegistry, type ProcessContext } from '@touchmark/server';
import { Verifier, type VerifierEvent } from '@touchmark/verifier';
import type { Registry } from 'prom-client';
import { Decide } from './admission/decide.js';
import { Exchanges } from './admission/exchanges.js';
import { Peers } from './admission/peers.js';
import type { Config } from './config.js';
import { createDeviceServer, type DeviceServer } from './device-server.js';
import { Enforcement } from './enforcement.js';
import { IdentitySigner } from './headers/identity-signer.js';
import { GatewayMetrics } from './operations/gateway-metrics.js';
import { listen, type Listening } from './operations/listen.js';
import { openOperationsServer } from './operations/operations-server.js';
import { tellEvent } from './operations/tell-event.js';
import { readPolicy } from './policy/parse-policy.js';
import { type PolicyWatch, watchPolicy } from './policy/watch-policy.js';
import { Upstream } from './proxy/upstream.js';
import { OwnCredentials } from './service/own-credentials.js';
import { SightingsReporter } from './service/sightings-reporter.js';

export interface Gateway {
  /** `https://host:port` for devices. */
  readonly url: string;
  readonly operationsUrl: string;
  readonly credentials: OwnCredentials;
  /** Reads the policy file now; one that cannot be used leaves the one before it in force. */
  reloadPolicy(): Promise<void>;
  /** Sends the sightings that wait. */
  reportSightings(): Promise<void>;
  close(): Promise<void>;
}

const GRACE_SECONDS = 5;

type Context = ProcessContext<Config>;

/** What the steps of the start hand on. */
interface Parts {
  readonly context: Context;
  readonly closing: Closing;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly credentials: OwnCredentials;
  readonly verifier: Verifier;
  /** What the verifier tells; whoever is made after it listens here. */
  readonly events: VerifierEvents;
  readonly sightings: SightingsReporter;
  readonly peers: Peers;
  readonly decide: Decide;
  readonly exchanges: Exchanges;
}

type VerifierEvents = EventEmitter<{ told: [VerifierEvent] }>;

/** Opens everything, or nothing and then it rejects. Serves from the last proven status where the service is away. */
export async function startGateway(context: Context): Promise<Gateway> {
  const closing = new Closing();
  try {
    const parts = await openParts(context, closing);
    const enforcement = await openEnforcement(parts);
    const watch = watchPolicyFile(parts, enforcement);
    measure(parts);
    const operations = await openOperations(parts);
    const devices = await openDevices(parts, enforcement);
    parts.credentials.start();
    parts.sightings.start();
    const { host, operationsHost } = context.config;
    return {
      url: `https://${inUrl(host)}:${devices.port}`,
      operationsUrl: `http://${inUrl(operationsHost)}:${operations.port}`,
      credentials: parts.credentials,
      reloadPolicy: () => watch.reload(),
      reportSightings: () => parts.sightings.report(),
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function openParts(context: Context, closing: Closing): Promise<Parts> {
  const { config, clock } = context;
  const policy = await readPolicy(config.policyFile);
  const credentials = await openCredentials(context);
  closing.add(() => credentials.stop());
  const registry = createMetricsRegistry();
  const metrics = new GatewayMetrics(registry);
  const events: VerifierEvents = new EventEmitter();
  const verifier = await openVerifier(context, credentials, metrics, events);
  closing.add(() => verifier.close());
  const { whenStale, limits } = config;
  const peers = new Peers(verifier, clock.now, {
    perDevice: limits.connectionsPerDevice,
    onDisplaced: () => metrics.connectionsEnded.inc({ code: 'RATE_LIMITED' }),
  });
  const decide = new Decide({ peers, verifier, policy, whenStale, maxBody: limits.maxBody });
  const onEnded = (code: string): void => metrics.connectionsEnded.inc({ code });
  const exchanges = new Exchanges({ perDevice: limits.exchangesPerDevice, whyNot: decide.whyNot, onEnded });
  const sightings = openSightings(context, credentials, metrics);
  closing.add(() => sightings.stop());
  return { context, closing, registry, metrics, credentials, verifier, events, sightings, peers, decide, exchanges };
}

function openCredentials({ config, logger, clock, randomBytes }: Context): Promise<OwnCredentials> {
  const { credentialsFolder: folder, serviceUrl } = config;
  const onError = (err: unknown): void => logger.error({ err }, 'a certificate of the gateway was not renewed');
  return OwnCredentials.open({ folder, serviceUrl, now: clock.now, randomBytes, onError });
}

/** Follows the status feed as this gateway, and believes only the status keys of its own realm. */
async function openVerifier(
  { config, clock, logger }: Context,
  credentials: OwnCredentials,
  metrics: GatewayMetrics,
  events: VerifierEvents,
): Promise<Verifier> {
  const verifier = await Verifier.open({
    trustAnchors: await credentials.trustAnchors(config.trustAnchors),
    now: clock.now,
    status: {
      source: { url: config.feedUrl, tls: credentials.tls('client') },
      cacheDir: config.cacheDir,
      maxAge: config.maxAge,
      // whether a route goes on is decided with each request, by the policy: `Decide`; what is under way is ended by `Enforcement`
      whenStale: 'allow',
      realm: credentials.identity().realm,
    },
    onEvent(event) {
      metrics.event(event);
      tellEvent(logger, event);
      events.emit('told', event);
    },
  });
  credentials.client.onChange(() => verifier.setTls(credentials.tls('client')));
  return verifier;
}

function openSightings(
  { config, logger }: Context,
  credentials: OwnCredentials,
  metrics: GatewayMetrics,
): SightingsReporter {
  return new SightingsReporter({
    service: credentials.service,
    interval: config.sightingsInterval * 1000,
    onReported: (count) => metrics.sightings.inc({ outcome: 'reported' }, count),
    onDropped: (count) => metrics.sightings.inc({ outcome: 'dropped' }, count),
    onError(err) {
      metrics.sightings.inc({ outcome: 'failed' });
      logger.warn({ err }, 'sightings were not reported, and wait');
    },
  });
}

async function openEnforcement(parts: Parts): Promise<Enforcement> {
  const { context, peers, decide, exchanges, sightings, metrics, events } = parts;
  const { config, logger, clock, randomBytes } = context;
  const enforcement = new Enforcement({
    peers,
    decide,
    exchanges,
    identity: identitySigner(parts),
    upstream: await openUpstream(parts),
    sightings,
    metrics,
    logger,
    now: clock.now,
    requestId: requestIds(randomBytes),
    connectionSeconds: config.limits.connectionSeconds,
    whenStale: config.whenStale,
    allowedHeaders: config.requestHeaders && new Set(config.requestHeaders.map((name) => name.toLowerCase())),
  });
  events.on('told', ({ type }) => {
    if (type === 'stale') enforcement.becameStale();
  });
  return enforcement;
}

function identitySigner({ context: { config, clock }, credentials }: Parts): IdentitySigner {
  const audience = config.audience ?? new URL(config.upstream).origin;
  const identity = new IdentitySigner({ key: credentials.identityKey(), audience, now: clock.now });
  credentials.client.onChange(() => identity.setKey(credentials.identityKey()));
  return identity;
}

async function openUpstream({ context: { config }, closing, credentials }: Parts): Promise<Upstream> {
  const ca = config.upstreamCa === undefined ? undefined : await readFile(config.upstreamCa);
  const tls = () => ({ ...credentials.tls('client'), ca });
  const upstream = new Upstream({
    url: config.upstream,
    timeout: config.limits.upstreamSeconds * 1000,
    bodyTimeout: config.limits.bodySeconds * 1000,
    maxConnections: config.limits.upstreamConnections,
    tls: tls(),
  });
  closing.add(() => upstream.close());
  credentials.client.onChange(() => upstream.setTls(tls()));
  return upstream;
}

function watchPolicyFile({ context, closing, decide, metrics }: Parts, enforcement: Enforcement): PolicyWatch {
  const { config, logger } = context;
  const watch = watchPolicy({
    path: config.policyFile,
    onPolicy(policy) {
      decide.setPolicy(policy);
      const ended = enforcement.policyChanged();
      metrics.policyLoads.inc({ outcome: 'loaded' });
      logger.info({ routes: policy.routes.length, ended }, 'the policy was read anew');
    },
    onRefused(err) {
      metrics.policyLoads.inc({ outcome: 'refused' });
      logger.error({ err }, 'the policy file cannot be used: the policy before it stays in force');
    },
  });
  closing.add(() => watch.stop());
  return watch;
}

function measure({ context, metrics, verifier, peers, exchanges, sightings, decide, credentials }: Parts): void {
  metrics.measure({
    verifier,
    connections: () => peers.size,
    exchanges: () => exchanges.size,
    sightingsWaiting: () => sightings.size,
    staleRoutes: () => decide.routesAllowedStale().map(({ name }) => name),
    certificateEnds: () => ({
      'gateway-client': credentials.notAfter('client'),
      'tls-server': credentials.notAfter('server'),
    }),
    now: context.clock.now,
  });
}

async function openOperations({ context, closing, registry, verifier, credentials }: Parts): Promise<Listening> {
  const { config, clock } = context;
  const operations = await openOperationsServer({
    host: config.operationsHost,
    port: config.operationsPort,
    registry,
    checks: {
      async status() {
        if (verifier.status().stale) throw new TypeError('what is known of status is too old');
      },
      async certificates() {
        const end = Math.min(credentials.notAfter('client'), credentials.notAfter('server'));
        if (clock.now() > end) throw new TypeError('a certificate of the gateway is over');
      },
    },
  });
  closing.add(() => operations.close(0));
  return operations;
}

async function openDevices(parts: Parts, enforcement: Enforcement): Promise<Listening> {
  const { context, closing, credentials } = parts;
  const devices = deviceServer(parts, enforcement);
  credentials.server.onChange(() => devices.setTls(credentials.tls('server')));
  const port = await listen(devices.server, { ...context.config, name: 'device', setting: 'TOUCHMARK_PORT' });
  closing.add(() => port.close(GRACE_SECONDS));
  return port;
}

function deviceServer({ context, credentials, metrics }: Parts, enforcement: Enforcement): DeviceServer {
  const { config, logger } = context;
  const { connections, handshakes, headerSize, idleSeconds } = config.limits;
  return createDeviceServer({
    tls: credentials.tls('server'),
    connections,
    handshakes,
    headerSize,
    idleSeconds,
    onConnection: (socket) => enforcement.connection(socket),
    onRequest(request, response) {
      enforcement.request(request, response).catch((err: unknown) => {
        logger.error({ err }, 'a request failed');
        request.socket.destroy();
      });
    },
    onUpgrade(request, socket, head) {
      enforcement.upgrade(request, socket, head).catch((err: unknown) => {
        logger.error({ err }, 'an upgrade failed');
        socket.destroy();
      });
    },
    onHandshakeFailed: () => metrics.handshakesFailed.inc(),
    onMalformed: (code, socket) => enforcement.malformed(code, socket),
  });
}

function requestIds(randomBytes: (length: number) => Uint8Array): () => string {
  const run = Buffer.from(randomBytes(8)).toString('hex');
  let count = 0;
  return () => `${run}-${(count++).toString(36)}`;
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
