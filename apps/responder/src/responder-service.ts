import type { DynamicModule } from '@nestjs/common';
import type { CaPort } from '@touchmark/ca-port';
import {
  Closing,
  type HealthChecks,
  healthModule,
  type ListenerOptions,
  type ServerCredentials,
} from '@touchmark/server';
import { Database } from '@touchmark/store';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { Responder } from './responder.js';
import { ResponderModule } from './responder.module.js';
import type { ResponderSettings } from './responder-settings.js';
import type { SeatStatus } from './status-view/seat-status.js';

export interface ResponderServiceOptions {
  /** As the responder's role, on the primary. */
  readonly databaseUrl: string;
  /** The port as the responder may use it. */
  readonly ca: Pick<CaPort, 'renewOcspSigners'>;
  /** SPIFFE trust domain name of the gateways. */
  readonly realm: string;
  readonly settings: ResponderSettings;
  /** Filled with what the journal says, for who asks it as well. */
  readonly seatStatus?: SeatStatus;
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** What else readiness asks, of whoever runs more than the responder. */
  readonly alsoChecked?: HealthChecks;
}

/** The responder over its database: modules for the application of whoever composes it, readiness among them. */
export interface ResponderService {
  readonly modules: readonly DynamicModule[];
  /** What readiness asks. */
  readonly checks: (responder: Responder) => HealthChecks;
  close(): Promise<void>;
}

export async function openResponderService(options: ResponderServiceOptions): Promise<ResponderService> {
  const { databaseUrl: url, ca, realm, settings, seatStatus, now, logger, metrics, alsoChecked } = options;
  const closing = new Closing();
  const pool = async (purpose: string, poolSize: number): Promise<Database> => {
    const db = await Database.open({
      url,
      poolSize,
      applicationName: `touchmark responder${purpose}`,
      onBackgroundError: (err) => logger.warn({ err }, 'a database connection was lost'),
    });
    closing.add(() => db.close());
    return db;
  };
  try {
    const db = await pool('', 6);
    const loadDb = await pool(' lists', 2);
    const responder = ResponderModule.register({
      db,
      loadDb,
      ca,
      realm,
      ...(seatStatus && { seatStatus }),
      now,
      settings,
      log: logger,
      metrics,
    });
    const checks = (one: Responder): HealthChecks => ({
      ...alsoChecked,
      database: () => db.query('SELECT 1 FROM publication.journal_head'),
      // what OCSP says is proven: without it, every answer is tryLater
      async status() {
        if (!one.isReady(now(), settings.allowedLag)) throw new TypeError('the journal was not read lately');
      },
    });
    const health = healthModule({
      listener: 'public',
      imports: [responder],
      checks: { inject: [Responder], useFactory: checks },
    });
    return { modules: [responder, health], checks, close: () => closing.run() };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

/** Plain HTTP for anyone, and TLS that requests client certificates for gateways. */
export function responderListeners(
  { host, publicPort, gatewayPort }: { host: string; publicPort: number; gatewayPort: number },
  credentials: ServerCredentials,
): ListenerOptions[] {
  return [
    { name: 'public', host, port: publicPort, setting: 'TOUCHMARK_PUBLIC_PORT' },
    {
      name: 'gateway',
      host,
      port: gatewayPort,
      setting: 'TOUCHMARK_GATEWAY_PORT',
      tls: { ...credentials, requestCertificate: true },
    },
  ];
}
