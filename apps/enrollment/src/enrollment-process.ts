import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { connectCaPort } from '@touchmark/ca-grpc';
import type { CaPort } from '@touchmark/ca-port';
import { openProcessCredentials, readDatabaseUrl } from '@touchmark/credentials';
import {
  Closing,
  createApplication,
  createMetricsRegistry,
  fastifyOf,
  type HealthChecks,
  healthModule,
  measureHandshakes,
  measureRequests,
  metricsModule,
  openHealthPort,
  openListeners,
  type ProcessContext,
} from '@touchmark/server';
import { checkProcessRole, Database, serviceCertificate } from '@touchmark/store';
import type { Registry } from 'prom-client';
import { type Config, version } from './config.js';
import { enrollmentApplication, serveEnrollmentApi } from './enrollment-application.js';
import { enrollmentListeners, type EnrollmentService, openEnrollmentService } from './enrollment-service.js';
import { finishFirstStart } from './first-start.js';
import { SweepProjection } from './projection/sweep-projection.js';
import { statusOfStored } from './status-of-stored.js';

/** Enrollment as a process: EST for devices, REST for admins and factories, the CA behind mutual TLS. */
export async function startEnrollmentProcess(
  context: ProcessContext<Config>,
  { newAdminToken }: { newAdminToken: boolean },
): Promise<{ readonly welcome: string; close(): Promise<void> }> {
  const { config, clock, randomBytes, logger } = context;
  const { now } = clock;
  const secrets = path.join(config.secretsFolder, 'enrollment');
  const closing = new Closing();
  try {
    const databaseUrl = config.databaseUrl ?? (await readDatabaseUrl(secrets));
    await checkProcessRole(databaseUrl);
    // of its own, so that nothing that waits for the CA can hold what the CA is judged by
    const statusDb = await Database.open({
      url: databaseUrl,
      poolSize: 1,
      applicationName: 'touchmark enrollment ca status',
      onBackgroundError: (err) => logger.warn({ err }, 'a database connection was lost'),
    });
    closing.add(() => statusDb.close());
    const { ca, ...credentials } = await openProcessCredentials({
      folder: secrets,
      randomBytes,
      now,
      onError: (err) => logger.error({ err }, 'a certificate was not renewed'),
      connect: (service) =>
        connectCaPort({
          url: config.caUrl,
          caller: 'enrollment',
          credentials: service,
          realm: config.realm,
          statusOf: async (_, serialNumber) => statusOfStored(await serviceCertificate(statusDb, serialNumber)),
          now,
        }),
    });
    closing.add(() => ca.close());
    const metrics = createMetricsRegistry();
    const enrollment = await openEnrollmentService({
      ...context,
      databaseUrl,
      redisUrl: config.redisUrl,
      secrets,
      ca,
      realm: config.realm,
      now,
      metrics,
    });
    closing.add(() => enrollment.close());
    const checks = healthChecks(enrollment, ca);
    const app = await createApp(context, enrollment, checks, metrics);
    // what a crash left behind is repaired before anybody is answered again
    await app.get(SweepProjection).run();
    const running = await openListeners(app, enrollmentListeners(config, credentials.tlsServer.tls()));
    closing.add(() => running.close());
    closing.add(
      credentials.tlsServer.onChange(() => {
        for (const listener of running.listeners) listener.setSecureContext(credentials.tlsServer.tls());
      }),
    );
    measureHandshakes(running.listeners, metrics);
    credentials.start();
    closing.add(() => credentials.stop());
    const adminToken = path.join(secrets, 'admin.token');
    await finishFirstStart(app, enrollment.db, { ...config, adminToken, newAdminToken, now: now() });
    const work = await enrollment.startWork();
    closing.add(() => work.stop());
    const lines = [
      `Devices (EST)      ${running.listener('device').url}/.well-known/est`,
      `Admins (REST)      ${running.listener('admin').url}/v1`,
      `Admin token        ${adminToken}`,
    ];
    if (config.healthPort !== undefined) {
      const setting = 'TOUCHMARK_HEALTH_PORT';
      const health = await openHealthPort({ host: '127.0.0.1', port: config.healthPort, setting, checks, metrics });
      closing.add(() => health.close());
      lines.push(`Health             ${health.url}`);
    }
    return { welcome: `${lines.join('\n')}\nEnrollment runs.\n`, close: () => closing.run() };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

function healthChecks({ db }: EnrollmentService, ca: Pick<CaPort, 'describeAuthorities'>): HealthChecks {
  return {
    database: () => db.query('SELECT 1 FROM registry.projection_sweep'),
    // without the CA nobody is enrolled and nothing is revoked
    ca: () => ca.describeAuthorities(),
  };
}

async function createApp(
  { clock, randomBytes, logger }: ProcessContext<Config>,
  { db, modules }: EnrollmentService,
  checks: HealthChecks,
  metrics: Registry,
): Promise<NestFastifyApplication> {
  class EnrollmentProcessModule {}
  const health = healthModule({ listener: 'admin', checks: { useFactory: () => checks } });
  const root = { module: EnrollmentProcessModule, imports: [...modules, health, metricsModule(metrics)] };
  const app = await createApplication(root, { logger, randomBytes, ...enrollmentApplication(db, clock.now) });
  measureRequests(fastifyOf(app), metrics);
  serveEnrollmentApi(app, version);
  return app;
}
