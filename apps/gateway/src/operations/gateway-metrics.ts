import type { Verifier, VerifierEvent } from '@touchmark/verifier';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface Measured {
  readonly verifier: Pick<Verifier, 'status'>;
  readonly connections: () => number;
  readonly exchanges: () => number;
  readonly sightingsWaiting: () => number;
  /** Routes that go on when knowledge is stale. */
  readonly staleRoutes: () => readonly string[];
  /** Ends of the gateway's own certificates by name, UTC seconds. */
  readonly certificateEnds: () => Readonly<Record<string, number>>;
  /** UTC seconds. */
  readonly now: () => number;
}

/** What the gateway counts. Labels are routes of the policy and codes, so the number of series is bounded. */
export class GatewayMetrics {
  readonly requests: Counter<'route' | 'outcome'>;
  readonly connectionsRefused: Counter<'code'>;
  readonly handshakesFailed: Counter;
  readonly connectionsEnded: Counter<'code'>;
  readonly allowedWhileStale: Counter<'route'>;
  readonly policyLoads: Counter<'outcome'>;
  readonly sightings: Counter<'outcome'>;
  readonly feedAttempts: Counter<'outcome'>;
  readonly refusedNews: Counter<'what' | 'code'>;
  private readonly registry: Registry;

  constructor(registry: Registry) {
    this.registry = registry;
    this.requests = this.counter(
      'requests_total',
      'Requests by route and outcome: allowed, or the code of the refusal.',
      ['route', 'outcome'],
    );
    this.connectionsRefused = this.counter('connections_refused_total', 'Connections cut off after their handshake.', [
      'code',
    ]);
    this.handshakesFailed = this.counter('handshakes_failed_total', 'Connections that did not become TLS.', []);
    this.connectionsEnded = this.counter(
      'connections_ended_total',
      'Open connections ended because of their certificate (its code), stale status (STATUS_STALE), a new policy (POLICY_CHANGED), or a newer one of the same device (RATE_LIMITED).',
      ['code'],
    );
    this.allowedWhileStale = this.counter(
      'allowed_while_stale_total',
      'Requests let through although the status of certificates was stale.',
      ['route'],
    );
    this.policyLoads = this.counter('policy_loads_total', 'Policy files read: loaded, or refused.', ['outcome']);
    this.sightings = this.counter('sightings_total', 'Sightings reported, dropped, and reports that failed.', [
      'outcome',
    ]);
    this.feedAttempts = this.counter('feed_attempts_total', 'Connections to the status feed: opened, or the code.', [
      'outcome',
    ]);
    this.refusedNews = this.counter('refused_news_total', 'Status news that was not believed.', ['what', 'code']);
  }

  /** Figures that are read when the metrics are. */
  measure({ verifier, now, ...measured }: Measured): void {
    this.gauge(
      'status_age_seconds',
      'Seconds since what is known was proven to be all; NaN while nothing is known.',
      () => {
        const { epoch, asOf } = verifier.status();
        return epoch === 0 ? Number.NaN : now() - asOf;
      },
    );
    this.gauge('status_epoch', 'Epoch of the journal position that is known.', () => verifier.status().epoch);
    this.gauge('status_sequence', 'Journal position that is known.', () => verifier.status().sequence);
    this.gauge('status_stale', '1 while what is known is too old.', () => Number(verifier.status().stale));
    this.gauge('connections', 'Open connections.', measured.connections);
    this.gauge('exchanges', 'Requests and WebSockets under way.', measured.exchanges);
    this.gauge(
      'sightings_waiting',
      'Certificates whose sighting the service does not know yet.',
      measured.sightingsWaiting,
    );
    this.gauges('route_allows_stale', 'Routes that let requests through when status is stale.', 'route', () =>
      measured.staleRoutes().map((route) => [route, 1]),
    );
    this.gauges('certificate_end_seconds', 'When the gateway’s own certificates end, UTC seconds.', 'name', () =>
      Object.entries(measured.certificateEnds()),
    );
  }

  /** What the verifier tells. */
  event(event: VerifierEvent): void {
    if (event.type === 'connected') this.feedAttempts.inc({ outcome: 'opened' });
    if (event.type === 'disconnected') this.feedAttempts.inc({ outcome: event.code });
    if (event.type === 'refused') this.refusedNews.inc({ what: event.what, code: event.code });
    if (event.type === 'connection-ended') this.connectionsEnded.inc({ code: event.code });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `touchmark_gateway_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `touchmark_gateway_${name}`,
      help,
      registers: [this.registry],
      collect: () => gauge.set(value()),
    });
  }

  private gauges(
    name: string,
    help: string,
    label: string,
    values: () => readonly (readonly [string, number])[],
  ): void {
    const gauge: Gauge = new Gauge({
      name: `touchmark_gateway_${name}`,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        gauge.reset();
        for (const [of, value] of values()) gauge.set({ [label]: of }, value);
      },
    });
  }
}
