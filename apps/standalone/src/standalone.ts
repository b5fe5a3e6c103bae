import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type Clock,
  createApplication,
  createMetricsRegistry,
  fastifyOf,
  healthModule,
  type ListenerName,
  type ListenerOptions,
  measureHandshakes,
  measureRequests,
  metricsModule,
  openListeners,
  type RandomBytes,
  type ServerCredentials,
} from '@touchmark/server';
import { countAdminTokens, Database, type ProcessRole } from '@touchmark/store';
import { encodePem } from '@touchmark/x509';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Ca } from '../../ca/src/ca.js';
import { openCa } from '../../ca/src/open-ca.js';
import { openAccessKey } from '../../enrollment/src/access/access-key.js';
import { enrollmentApplication, serveEnrollmentApi } from '../../enrollment/src/enrollment-application.js';
import { EnrollmentModule } from '../../enrollment/src/enrollment.module.js';
import { EstModule } from '../../enrollment/src/est/est.module.js';
import { GatewaysModule } from '../../enrollment/src/gateways/gateways.module.js';
import { SweepProjection } from '../../enrollment/src/projection/sweep-projection.js';
import { Responder } from '../../responder/src/responder.js';
import { ResponderModule } from '../../responder/src/responder.module.js';
import { accessKeyStore } from './access-key-store.js';
import { startBackground } from './background.js';
import { Closing } from './closing.js';
import type { Config } from './config.js';
import { openDatabase } from './database.js';
import { makeDemoRegistry, writeAdminToken } from './first-start.js';
import { newServerCertificate, renewServerCertificate } from './server-certificate.js';

export interface StandaloneOptions {
  readonly config: Config;
  readonly version: string;
  readonly cloneRoot: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly logger: Logger;
  /** Makes an admin's token although there is one, for who lost it. */
  readonly newAdminToken?: boolean;
}

const DAY = 86_400;

export interface Standalone {
  readonly urls: Readonly<Record<ListenerName, string>>;
  /** Paths of the files that a new user needs. */
  readonly files: { readonly adminToken: string; readonly rootCertificate: string };
  /** Lines about where things are and what to know, to be printed. */
  readonly sentences: readonly string[];
  close(): Promise<void>;
}

/** Starts everything in this process: database, CA, enrollment, responder, jobs. Opens all ports or none. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { config, clock, randomBytes, logger, cloneRoot } = options;
  const { now } = clock;
  const onError = (err: unknown): void => logger.error({ err }, 'failed');
  const closing = new Closing();
  try {
    const database = await openDatabase({ ...config, cloneRoot, randomBytes, log: (line) => logger.info(line) });
    closing.add(() => database.close());
    const onBackgroundError = (err: Error): void => logger.warn({ err }, 'a database connection was lost');
    const pool = async (role: ProcessRole, poolSize: number, purpose = ''): Promise<Database> => {
      const db = await Database.open({
        url: database.urls[role],
        poolSize,
        applicationName: `touchmark ${role}${purpose}`,
        onBackgroundError,
      });
      closing.add(() => db.close());
      return db;
    };
    const caDb = await pool('ca', 8);
    const statusDb = await pool('ca', 4, ' status');
    const seatDb = await pool('ca', 2, ' seats');
    const enrollmentDb = await pool('enrollment', 10);
    const responderDb = await pool('responder', 6);
    const responderLoadDb = await pool('responder', 2, ' lists');

    const publicHttpUrl = config.publicHttpUrl ?? `http://localhost:${config.publicPort}`;
    const { secrets, root } = database.folder;
    const settings = { ...config.ca, publicHttpUrl, evaluation: config.evaluation, realm: config.realm };
    const ca = await openCa({
      db: caDb,
      statusDb,
      seatDb,
      secrets,
      organization: config.organization,
      settings,
      now,
      randomBytes,
      onError,
    });
    const metrics = createMetricsRegistry();
    const app = await createApp(options, { caDb, enrollmentDb, responderDb, responderLoadDb }, ca, secrets, metrics);
    const certificate = await newServerCertificate(ca, config.serverNames);
    // what a crash left behind is repaired before anybody is answered again
    await app.get(SweepProjection).run();
    const running = await openListeners(app, listenersOf(config, certificate), {
      first: { public: app.get(Responder).ocspHandler.handle },
    });
    closing.add(() => running.close());
    measureHandshakes(running.listeners, metrics);
    closing.add(renewServerCertificate(ca, config.serverNames, running, certificate, { now, onError }));

    // an admin's token is the last thing that a first start makes: where none was ever made, it was cut short
    const adminTokens = await countAdminTokens(enrollmentDb, now() + 30 * DAY);
    if (config.evaluation && adminTokens.made === 0) await makeDemoRegistry(app, config);
    const adminToken = path.join(secrets, 'admin.token');
    const renew = options.newAdminToken ?? false;
    await writeAdminToken(app, { file: adminToken, live: adminTokens.live, renew, now: now() });
    const rootCertificate = path.join(root, 'root.pem');
    await writeFile(rootCertificate, encodePem('CERTIFICATE', ca.rootCertificate()));
    const publisher = await ca.startStatusPublisher();
    closing.add(() => publisher.stop());
    const background = await startBackground({
      redisUrl: config.redisUrl,
      databaseUrls: database.urls,
      caDb,
      enrollmentDb,
      ca,
      now,
      onError,
    });
    closing.add(() => background.stop());
    const urls = {
      device: running.listener('device').url,
      admin: running.listener('admin').url,
      public: running.listener('public').url,
      gateway: running.listener('gateway').url,
    };
    // for the command line, which looks for a service on its machine; what lies in the folder is nobody's to write but ours
    await writeFile(path.join(root, 'endpoints.json'), `${JSON.stringify(urls)}\n`);
    return {
      urls,
      files: { adminToken, rootCertificate },
      sentences: [database.folder.sentence, database.sentence, ...(await rootKeySentences(secrets))],
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

interface Databases {
  readonly caDb: Database;
  readonly enrollmentDb: Database;
  readonly responderDb: Database;
  readonly responderLoadDb: Database;
}

async function createApp(
  options: StandaloneOptions,
  databases: Databases,
  ca: Ca,
  secrets: string,
  metrics: Registry,
): Promise<NestFastifyApplication> {
  const { config, clock, randomBytes, logger, version } = options;
  const { now } = clock;
  const { enrollmentDb, responderDb, responderLoadDb, caDb } = databases;
  const accessKey = await openAccessKey(await accessKeyStore(secrets, randomBytes), enrollmentDb);
  const enrollmentCa = ca.portFor('enrollment');
  const responderModule = ResponderModule.register({
    db: responderDb,
    loadDb: responderLoadDb,
    ca: ca.portFor('responder'),
    realm: config.realm,
    now,
    settings: config.responder,
    log: logger,
    metrics,
  });
  class StandaloneModule {}
  const root = {
    module: StandaloneModule,
    imports: [
      EnrollmentModule.register({
        ca: enrollmentCa,
        db: enrollmentDb,
        realm: config.realm,
        now,
        randomBytes,
        accessKey,
      }),
      EstModule.register({
        ca: enrollmentCa,
        db: enrollmentDb,
        now,
        onError: (err, requestId) => logger.error({ err, requestId }, 'EST failed'),
      }),
      GatewaysModule.register({ ca: enrollmentCa, db: enrollmentDb, realm: config.realm, now, metrics }),
      responderModule,
      healthModule({
        listener: 'public',
        imports: [responderModule],
        checks: {
          inject: [Responder],
          useFactory: (responder: Responder) => ({
            database: () => caDb.query('SELECT 1'),
            // what OCSP says is proven: without it, every answer is tryLater
            async status() {
              if (!responder.isReady(now(), config.responder.allowedLag))
                throw new TypeError('the journal was not read lately');
            },
          }),
        },
      }),
      metricsModule(metrics),
    ],
  };
  const app = await createApplication(root, { logger, randomBytes, ...enrollmentApplication(enrollmentDb, now) });
  measureRequests(fastifyOf(app), metrics);
  serveEnrollmentApi(app, version);
  return app;
}

function listenersOf(config: Config, certificate: ServerCredentials): ListenerOptions[] {
  const { host } = config;
  return [
    {
      name: 'device',
      host,
      port: config.devicePort,
      setting: 'TOUCHMARK_DEVICE_PORT',
      tls: { ...certificate, requestCertificate: true },
    },
    {
      name: 'admin',
      host,
      port: config.adminPort,
      setting: 'TOUCHMARK_ADMIN_PORT',
      tls: { ...certificate, requestCertificate: false },
      streams: true,
    },
    { name: 'public', host, port: config.publicPort, setting: 'TOUCHMARK_PUBLIC_PORT' },
    {
      name: 'gateway',
      host,
      port: config.gatewayPort,
      setting: 'TOUCHMARK_GATEWAY_PORT',
      tls: { ...certificate, requestCertificate: true },
    },
  ];
}

/** A warning as long as the root's key lies where the service runs; nothing once it was taken away. */
async function rootKeySentences(secrets: string): Promise<string[]> {
  const folder = path.join(secrets, 'root');
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  return there ? [`The key of the root CA lies encrypted in ${folder}; move that folder to an offline place.`] : [];
}
