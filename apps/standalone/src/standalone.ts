import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { writeDatabaseUrl } from '@touchmark/credentials';
import {
  type Clock,
  Closing,
  createApplication,
  createMetricsRegistry,
  fastifyOf,
  type ListenerName,
  measureHandshakes,
  measureRequests,
  metricsModule,
  openListeners,
  type RandomBytes,
} from '@touchmark/server';
import { encodePem } from '@touchmark/x509';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { openCaService } from '../../ca/src/ca-service.js';
import { newServerCertificate, renewServerCertificate } from '../../ca/src/signers/server-certificate.js';
import { enrollmentApplication, serveEnrollmentApi } from '../../enrollment/src/enrollment-application.js';
import {
  enrollmentListeners,
  type EnrollmentService,
  openEnrollmentService,
} from '../../enrollment/src/enrollment-service.js';
import { finishFirstStart } from '../../enrollment/src/first-start.js';
import { SweepProjection } from '../../enrollment/src/projection/sweep-projection.js';
import { Responder } from '../../responder/src/responder.js';
import {
  openResponderService,
  responderListeners,
  type ResponderService,
} from '../../responder/src/responder-service.js';
import type { Config } from './config.js';
import { openDatabase } from './database.js';
import { makeGatewayCredentials } from './gateway-credentials.js';

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
  const { config, clock, randomBytes, logger, cloneRoot, newAdminToken = false } = options;
  const { now } = clock;
  const closing = new Closing();
  try {
    const database = await openDatabase({ ...config, cloneRoot, randomBytes, log: (line) => logger.info(line) });
    closing.add(() => database.close());
    const { secrets, root } = database.folder;
    const metrics = createMetricsRegistry();
    const shared = { ...config, now, randomBytes, logger, metrics };
    const publicHttpUrl = config.publicHttpUrl ?? `http://localhost:${config.publicPort}`;
    const caService = await openCaService({
      ...shared,
      databaseUrl: database.urls.ca,
      issuingKeys: path.join(secrets, 'ca'),
      newHierarchy: {
        rootKeys: path.join(secrets, 'root'),
        organization: config.organization,
        publicHttpUrl,
        evaluation: config.evaluation,
        realm: config.realm,
      },
      settings: config.ca,
    });
    closing.add(() => caService.close());
    // for the commands that work beside us
    await writeDatabaseUrl(path.join(secrets, 'ca'), database.urls.ca);
    const { ca } = caService;
    const enrollment = await openEnrollmentService({
      ...shared,
      databaseUrl: database.urls.enrollment,
      secrets: path.join(secrets, 'enrollment'),
      ca: ca.portFor('enrollment'),
    });
    closing.add(() => enrollment.close());
    const responder = await openResponderService({
      ...shared,
      databaseUrl: database.urls.responder,
      ca: ca.portFor('responder'),
      settings: config.responder,
      alsoChecked: {
        ca: () => caService.db.query('SELECT 1 FROM ca.journal_head'),
        enrollment: () => enrollment.db.query('SELECT 1 FROM registry.projection_sweep'),
      },
    });
    closing.add(() => responder.close());

    const app = await createApp(options, enrollment, responder, metrics);
    const certificate = await newServerCertificate(ca, config.serverNames);
    // what a crash left behind is repaired before anybody is answered again
    await app.get(SweepProjection).run();
    const listeners = [...enrollmentListeners(config, certificate), ...responderListeners(config, certificate)];
    const running = await openListeners(app, listeners, {
      first: { public: app.get(Responder).ocspHandler.handle },
    });
    closing.add(() => running.close());
    measureHandshakes(running.listeners, metrics);
    const onError = (err: unknown): void => logger.error({ err }, 'the TLS certificate was not renewed');
    closing.add(renewServerCertificate(ca, config.serverNames, running, certificate, { now, onError }));

    const adminToken = path.join(secrets, 'admin.token');
    await finishFirstStart(app, enrollment.db, {
      ...config,
      demoRegistry: config.evaluation,
      adminToken,
      newAdminToken,
      now: now(),
    });
    await makeGatewayCredentials(ca, secrets, { realm: config.realm, randomBytes });
    const rootCertificate = path.join(root, 'root.pem');
    await writeFile(rootCertificate, encodePem('CERTIFICATE', ca.rootCertificate()));
    for (const part of [caService, enrollment]) {
      const work = await part.startWork();
      closing.add(() => work.stop());
    }
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

async function createApp(
  { clock, randomBytes, logger, version }: StandaloneOptions,
  enrollment: EnrollmentService,
  responder: ResponderService,
  metrics: Registry,
): Promise<NestFastifyApplication> {
  class StandaloneModule {}
  const root = {
    module: StandaloneModule,
    imports: [...enrollment.modules, ...responder.modules, metricsModule(metrics)],
  };
  const application = enrollmentApplication(enrollment.db, clock.now);
  const app = await createApplication(root, { logger, randomBytes, ...application });
  measureRequests(fastifyOf(app), metrics);
  serveEnrollmentApi(app, version);
  return app;
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
