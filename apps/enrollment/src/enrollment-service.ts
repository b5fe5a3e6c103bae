import type { DynamicModule } from '@nestjs/common';
import type { CaPort } from '@touchmark/ca-port';
import { BullmqQueue, quietLosses } from '@touchmark/jobs';
import { Closing, type ListenerOptions, type RandomBytes, type ServerCredentials } from '@touchmark/server';
import { Database } from '@touchmark/store';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { openAccessKey } from './access/access-key.js';
import { accessKeyStore } from './access/access-key-store.js';
import { startEnrollmentJobs } from './enrollment-jobs.js';
import { EnrollmentModule } from './enrollment.module.js';
import { EstModule } from './est/est.module.js';
import { GatewaysModule } from './gateways/gateways.module.js';

export interface EnrollmentServiceOptions {
  /** As enrollment's role. */
  readonly databaseUrl: string;
  readonly redisUrl?: string | undefined;
  /** Folder of secrets: the key that signs access tokens. */
  readonly secrets: string;
  /** The port as enrollment may use it. */
  readonly ca: CaPort;
  readonly realm: string;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** The registration authority over its database: modules for the application of whoever composes it. */
export interface EnrollmentService {
  readonly db: Database;
  readonly modules: readonly DynamicModule[];
  /** Begins what the clock asks for. */
  startWork(): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

export async function openEnrollmentService(options: EnrollmentServiceOptions): Promise<EnrollmentService> {
  const { databaseUrl, redisUrl, secrets, ca, realm, now, randomBytes, logger, metrics } = options;
  const db = await Database.open({
    url: databaseUrl,
    poolSize: 10,
    applicationName: 'touchmark enrollment',
    onBackgroundError: (err) => logger.warn({ err }, 'a database connection was lost'),
  });
  const closing = new Closing();
  closing.add(() => db.close());
  try {
    const accessKey = await openAccessKey(await accessKeyStore(secrets, randomBytes), db);
    return {
      db,
      modules: [
        EnrollmentModule.register({ ca, db, realm, now, randomBytes, accessKey }),
        EstModule.register({
          ca,
          db,
          now,
          onError: (err, requestId) => logger.error({ err, requestId }, 'EST failed'),
        }),
        GatewaysModule.register({ ca, db, realm, now, metrics }),
      ],
      async startWork() {
        const report = quietLosses((err) => logger.error({ err }, 'a job of enrollment failed'));
        const queue = new BullmqQueue({ databaseUrl, ...(redisUrl !== undefined && { redisUrl }), onError: report });
        try {
          await startEnrollmentJobs(queue, db, now);
        } catch (error) {
          await queue.close();
          throw error;
        }
        return { stop: () => queue.close() };
      },
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

/** Devices on one TLS port that requests client certificates, admins and factories on another that does not. */
export function enrollmentListeners(
  { host, devicePort, adminPort }: { host: string; devicePort: number; adminPort: number },
  credentials: ServerCredentials,
): ListenerOptions[] {
  return [
    {
      name: 'device',
      host,
      port: devicePort,
      setting: 'TOUCHMARK_DEVICE_PORT',
      tls: { ...credentials, requestCertificate: true },
    },
    {
      name: 'admin',
      host,
      port: adminPort,
      setting: 'TOUCHMARK_ADMIN_PORT',
      tls: { ...credentials, requestCertificate: false },
      streams: true,
    },
  ];
}
