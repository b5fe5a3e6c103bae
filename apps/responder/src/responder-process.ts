import path from 'node:path';
import { connectCaPort } from '@touchmark/ca-grpc';
import { openProcessCredentials, readDatabaseUrl } from '@touchmark/credentials';
import {
  Closing,
  createApplication,
  createMetricsRegistry,
  fastifyOf,
  measureHandshakes,
  measureRequests,
  openHealthPort,
  openListeners,
  type ProcessContext,
} from '@touchmark/server';
import { checkProcessRole } from '@touchmark/store';
import type { Config } from './config.js';
import { Responder } from './responder.js';
import { openResponderService, responderListeners } from './responder-service.js';
import { SeatStatus } from './status-view/seat-status.js';
import { StatusView } from './status-view/status-view.js';

/** The responder as a process: OCSP, CRLs and signed status for anyone, the status feed for gateways. */
export async function startResponderProcess(
  context: ProcessContext<Config>,
): Promise<{ readonly welcome: string; close(): Promise<void> }> {
  const { config, clock, randomBytes, logger } = context;
  const { now } = clock;
  const { realm, responder: settings } = config;
  const secrets = path.join(config.secretsFolder, 'responder');
  const closing = new Closing();
  // the CA is judged by the journal too, which is read from the database: it is known before the CA is first asked
  const view = new StatusView();
  const seatStatus = new SeatStatus(view);
  try {
    const { ca, ...credentials } = await openProcessCredentials({
      folder: secrets,
      randomBytes,
      now,
      onError: (err) => logger.error({ err }, 'a certificate was not renewed'),
      connect: (service) =>
        connectCaPort({
          url: config.caUrl,
          caller: 'responder',
          credentials: service,
          realm,
          statusOf: (issuerSpkiSha256, serialNumber) =>
            view.isProven(now(), settings.allowedLag) ? seatStatus.statusOf(issuerSpkiSha256, serialNumber) : 'unknown',
          now,
        }),
    });
    closing.add(() => ca.close());
    const metrics = createMetricsRegistry();
    const databaseUrl = config.databaseUrl ?? (await readDatabaseUrl(secrets));
    await checkProcessRole(databaseUrl);
    const service = await openResponderService({ databaseUrl, ca, realm, settings, seatStatus, now, logger, metrics });
    closing.add(() => service.close());
    class ResponderProcessModule {}
    const root = { module: ResponderProcessModule, imports: [...service.modules] };
    // its routes answer for themselves; what is left is the framework's own
    const app = await createApplication(root, { logger, randomBytes, describeError: () => undefined });
    measureRequests(fastifyOf(app), metrics);
    const { tlsServer } = credentials;
    const running = await openListeners(app, responderListeners(config, tlsServer.tls()), {
      first: { public: app.get(Responder).ocspHandler.handle },
    });
    closing.add(() => running.close());
    closing.add(tlsServer.onChange(() => running.listener('gateway').setSecureContext(tlsServer.tls())));
    measureHandshakes(running.listeners, metrics);
    credentials.start();
    closing.add(() => credentials.stop());
    const lines = [
      `OCSP, CRLs         ${running.listener('public').url}`,
      `Gateways (status)  ${running.listener('gateway').url}/status/feed`,
    ];
    if (config.healthPort !== undefined) {
      const checks = service.checks(app.get(Responder));
      const setting = 'TOUCHMARK_HEALTH_PORT';
      const health = await openHealthPort({ host: '127.0.0.1', port: config.healthPort, setting, checks, metrics });
      closing.add(() => health.close());
      lines.push(`Health             ${health.url}`);
    }
    return { welcome: `${lines.join('\n')}\nThe responder runs.\n`, close: () => closing.run() };
  } catch (error) {
    await closing.run();
    throw error;
  }
}
