import { readFile } from 'node:fs/promises';
import { ServerResponse } from 'node:http';
import { Closing, createMetricsRegistry, type ProcessContext } from '@touchmark/server';
import { Verifier } from '@touchmark/verifier';
import type { Logger } from 'pino';
import { Decide } from './admission/decide.js';
import { Exchanges } from './admission/exchanges.js';
import { Peers } from './admission/peers.js';
import { answerRefusal, answerRefusalOnSocket } from './answer.js';
import type { Config } from './config.js';
import { createDeviceServer, type DeviceServer } from './device-server.js';
import { Enforcement } from './enforcement.js';
import { IdentitySigner } from './headers/identity-signer.js';
import { GatewayMetrics } from './operations/gateway-metrics.js';
import { listen } from './operations/listen.js';
import { openOperationsServer } from './operations/operations-server.js';
import { tellEvent } from './operations/tell-event.js';
import { readPolicy } from './policy/parse-policy.js';
import type { Policy } from './policy/policy.js';
import { watchPolicy } from './policy/watch-policy.js';
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

/** Opens everything, or nothing and then it rejects. Serves from the last proven status where the service is away. */
export async function startGateway(context: ProcessContext<Config>): Promise<Gateway> {
  const { config, logger, clock, randomBytes } = context;
  const { now } = clock;
  const closing = new Closing();
  try {
    const policy = await readPolicy(config.policyFile);
    const onRenewalError = (err: unknown): void =>
      logger.error({ err }, 'a certificate of the gateway was not renewed');
    const credentials = await OwnCredentials.open({
      folder: config.credentialsFolder,
      serviceUrl: config.serviceUrl,
      now,
      randomBytes,
      onError: onRenewalError,
    });
    closing.add(() => credentials.stop());

    const registry = createMetricsRegistry();
    const metrics = new GatewayMetrics(registry);
    const exchanges = new Exchanges();
    const onStale: { run?: () => void } = {};
    const verifier = await openVerifier(context, credentials, metrics, () => onStale.run?.());
    closing.add(() => verifier.close());

    const peers = new Peers(verifier, now);
    const decide = new Decide({
      peers,
      verifier,
      policy,
      whenStale: config.whenStale,
      maxBody: config.limits.maxBody,
    });
    onStale.run = () => {
      const ended = exchanges.endStale(decide.whenStale);
      metrics.connectionsEnded.inc({ code: 'STATUS_STALE' }, ended);
    };
    const identity = new IdentitySigner({
      key: credentials.identityKey(),
      audience: config.audience ?? new URL(config.upstream).origin,
      now,
    });
    credentials.client.onChange(() => identity.setKey(credentials.identityKey()));
    const sightings = openSightings(context, credentials, metrics);
    closing.add(() => sightings.stop());

    const requestId = requestIds(randomBytes);
    const late: { enforcement?: Enforcement } = {};
    const upstreamTls = async () => ({
      ...credentials.tls('client'),
      ca: config.upstreamCa === undefined ? undefined : await readFile(config.upstreamCa),
    });
    const upstream = new Upstream({
      url: config.upstream,
      timeout: config.limits.upstreamSeconds * 1000,
      maxConnections: config.limits.upstreamConnections,
      tls: await upstreamTls(),
      onFault(code, request, to) {
        late.enforcement?.refused({ code }, undefined, request.socket);
        if (to instanceof ServerResponse) answerRefusal(request, to, { code }, requestId());
        else answerRefusalOnSocket(to, { code }, requestId());
      },
    });
    closing.add(() => upstream.close());
    credentials.client.onChange(() => void upstreamTls().then((tls) => upstream.setTls(tls), onRenewalError));

    const enforcement = (late.enforcement = new Enforcement({
      peers,
      decide,
      exchanges,
      identity,
      upstream,
      sightings,
      metrics,
      logger,
      now,
      requestId,
      connectionSeconds: config.limits.connectionSeconds,
      allowedHeaders: config.requestHeaders && new Set(config.requestHeaders.map((name) => name.toLowerCase())),
    }));
    const devices = deviceServer(config, credentials, enforcement, metrics, logger, requestId);
    credentials.server.onChange(() => devices.setTls(credentials.tls('server')));

    let current: Policy = policy;
    metrics.measure({
      verifier,
      connections: () => peers.size,
      exchanges: () => exchanges.size,
      sightingsWaiting: () => sightings.size,
      staleRoutes: () => current.routes.flatMap((route) => (decide.whenStale(route) === 'allow' ? [route.name] : [])),
      now,
    });
    const watch = watchPolicy({
      path: config.policyFile,
      onPolicy(next) {
        current = next;
        decide.setPolicy(next);
        const ended = exchanges.endForbidden(next);
        metrics.connectionsEnded.inc({ code: 'POLICY_CHANGED' }, ended);
        metrics.policyLoads.inc({ outcome: 'loaded' });
        logger.info({ routes: next.routes.length, ended }, 'the policy was read anew');
      },
      onRefused(err) {
        metrics.policyLoads.inc({ outcome: 'refused' });
        logger.error({ err }, 'the policy file cannot be used: the policy before it stays in force');
      },
    });
    closing.add(() => watch.stop());

    const operations = await openOperationsServer({
      host: config.operationsHost,
      port: config.operationsPort,
      registry,
      checks: {
        async status() {
          if (verifier.status().stale) throw new TypeError('what is known of status is too old');
        },
      },
    });
    closing.add(() => operations.close(0));
    const port = await listen(devices.server, { ...config, name: 'device', setting: 'TOUCHMARK_PORT' });
    closing.add(() => port.close(GRACE_SECONDS));
    credentials.start();
    sightings.start();
    return {
      url: `https://${inUrl(config.host)}:${port.port}`,
      operationsUrl: `http://${inUrl(config.operationsHost)}:${operations.port}`,
      credentials,
      reloadPolicy: () => watch.reload(),
      reportSightings: () => sightings.report(),
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

/** Follows the status feed as this gateway, and believes only the status keys of its own realm. */
async function openVerifier(
  { config, clock, logger }: ProcessContext<Config>,
  credentials: OwnCredentials,
  metrics: GatewayMetrics,
  onStale: () => void,
): Promise<Verifier> {
  const verifier = await Verifier.open({
    trustAnchors: await credentials.trustAnchors(config.trustAnchors),
    now: clock.now,
    status: {
      source: { url: config.feedUrl, tls: credentials.tls('client') },
      cacheDir: config.cacheDir,
      maxAge: config.maxAge,
      // whether a route goes on is decided with each request, by the policy: `Decide`
      whenStale: 'allow',
      realm: credentials.identity().realm,
    },
    onEvent(event) {
      metrics.event(event);
      tellEvent(logger, event);
      if (event.type === 'stale') onStale();
    },
  });
  credentials.client.onChange(() => verifier.setTls(credentials.tls('client')));
  return verifier;
}

function openSightings(
  { config, logger }: ProcessContext<Config>,
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

function deviceServer(
  config: Config,
  credentials: OwnCredentials,
  enforcement: Enforcement,
  metrics: GatewayMetrics,
  logger: Logger,
  requestId: () => string,
): DeviceServer {
  const { connections, handshakes, headerSize, idleSeconds } = config.limits;
  return createDeviceServer({
    tls: credentials.tls('server'),
    connections,
    handshakes,
    headerSize,
    idleSeconds,
    requestId,
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
    onMalformed: (code) => metrics.requests.inc({ route: '', outcome: code }),
  });
}

function requestIds(randomBytes: (length: number) => Uint8Array): () => string {
  const run = Buffer.from(randomBytes(8)).toString('hex');
  let count = 0;
  return () => `${run}-${(count++).toString(36)}`;
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
