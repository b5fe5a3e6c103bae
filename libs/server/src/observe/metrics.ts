import { Controller, type DynamicModule, Get, Header, Inject, Module } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Roles } from '../access/roles.js';
import { listenerOf } from '../listeners/listener-name.js';
import { OnListener } from '../listeners/on-listener.js';
import type { Listener } from '../listeners/listener.js';

/** Inject this token to add a metric of one's own to the process's registry. */
export const METRICS_REGISTRY = Symbol('MetricsRegistry');

/** A registry with the process's own figures (memory, CPU, event loop) in it. */
export function createMetricsRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Times every request by listener, route pattern, method and status. Patterns, so the number of series is bounded. */
export function measureRequests(fastify: FastifyInstance, registry: Registry): void {
  const duration = new Histogram({
    name: 'touchmark_http_request_duration_seconds',
    help: 'Time from the request line to the last octet of the answer.',
    labelNames: ['listener', 'route', 'method', 'status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const labels = { listener: listenerOf(request.raw) ?? '', route: routeOptions.url ?? '', method };
    duration.observe({ ...labels, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });
}

/** TLS handshakes in flight, not begun and dropped, read when the metrics are. */
export function measureHandshakes(listeners: readonly Listener[], registry: Registry): void {
  const inFlight = new Gauge({
    name: 'touchmark_tls_handshakes_in_flight',
    help: 'TLS handshakes begun and not ended.',
    labelNames: ['listener'],
    registers: [],
    collect() {
      for (const { name, handshakes } of listeners) this.set({ listener: name }, handshakes.inFlight);
    },
  });
  const silent = new Gauge({
    name: 'touchmark_tls_connections_silent',
    help: 'Connections that have not begun their TLS handshake.',
    labelNames: ['listener'],
    registers: [],
    collect() {
      for (const { name, handshakes } of listeners) this.set({ listener: name }, handshakes.silent);
    },
  });
  const refused = new Counter({
    name: 'touchmark_tls_handshakes_refused_total',
    help: 'Connections dropped because too many handshakes were in flight, or too many connections silent.',
    labelNames: ['listener'],
    registers: [],
    collect() {
      this.reset();
      for (const { name, handshakes } of listeners) this.inc({ listener: name }, handshakes.refused);
    },
  });
  registry.registerMetric(inFlight);
  registry.registerMetric(silent);
  registry.registerMetric(refused);
}

/** `GET /metrics` for whoever may read everything: a scraper gets a token with the role `auditor`. */
@Controller()
@OnListener('admin')
@Roles('auditor', 'admin', 'security-admin')
@ApiExcludeController()
class MetricsController {
  readonly #registry: Registry;

  constructor(@Inject(METRICS_REGISTRY) registry: Registry) {
    this.#registry = registry;
  }

  @Get('metrics')
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.#registry.metrics();
  }
}

@Module({})
class MetricsModule {}

/** Serves the registry on the admin listener and provides it to others under `METRICS_REGISTRY`. */
export function metricsModule(registry: Registry): DynamicModule {
  const provider = { provide: METRICS_REGISTRY, useValue: registry };
  return { module: MetricsModule, controllers: [MetricsController], providers: [provider], exports: [provider] };
}
