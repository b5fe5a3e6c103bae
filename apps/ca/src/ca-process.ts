import path from 'node:path';
import { type CaPortServer, serveCaPort, type ServeCaPortOptions } from '@touchmark/ca-grpc';
import type { ServiceRenewalOutcome, ServiceRenewalRequest } from '@touchmark/ca-port';
import { CredentialFolder, CredentialRenewal, readDatabaseUrl } from '@touchmark/credentials';
import {
  capHandshakes,
  Closing,
  createMetricsRegistry,
  listenError,
  openHealthPort,
  type ProcessContext,
} from '@touchmark/server';
import { checkProcessRole } from '@touchmark/store';
import type { Ca } from './ca.js';
import { type CaService, openCaService } from './ca-service.js';
import type { Config } from './config.js';

/** Callers are few. */
const MAX_HANDSHAKES = 128;

/** The folder of secrets that is the CA's own. */
export const caFolder = (config: Pick<Config, 'secretsFolder'>): string => path.join(config.secretsFolder, 'ca');

/** The CA over what `init` made: nothing is made anew. */
export async function openServedCa(context: ProcessContext<Config>): Promise<CaService> {
  const { config, clock } = context;
  const { publicHttpUrl, evaluation, realm } = config;
  const databaseUrl = config.databaseUrl ?? (await readDatabaseUrl(caFolder(config)));
  await checkProcessRole(databaseUrl);
  return openCaService({
    ...context,
    databaseUrl,
    redisUrl: config.redisUrl,
    issuingKeys: caFolder(config),
    settings: { ...config.ca, publicHttpUrl, evaluation, realm },
    now: clock.now,
  });
}

/** The CA as a process: it serves the CA port and publishes status. No other port is open, but for health on loopback. */
export async function startCaProcess(
  context: ProcessContext<Config>,
): Promise<{ readonly welcome: string; close(): Promise<void> }> {
  const { config, clock, randomBytes, logger } = context;
  const { host, caPort, healthPort } = config;
  const { now } = clock;
  const onError = (err: unknown): void => logger.error({ err }, 'the CA port failed');
  const closing = new Closing();
  try {
    const service = await openServedCa(context);
    closing.add(() => service.close());
    const { ca } = service;
    const credentials = await CredentialRenewal.open({
      folder: await CredentialFolder.open(caFolder(config), randomBytes),
      name: 'service',
      renew: (request) => renewOwn(ca, request),
      now,
      onError,
    });
    credentials.start();
    closing.add(() => credentials.stop());
    const work = await service.startWork();
    closing.add(() => work.stop());
    const server = await listen({
      host,
      port: caPort,
      credentials,
      realm: ca.realm,
      portFor: (caller) => ca.portFor(caller),
      statusOf: (serialNumber) => ca.serviceCertificateStatus(serialNumber),
      capHandshakes: (tlsServer) => void capHandshakes(tlsServer, MAX_HANDSHAKES),
      now,
      onRefused: (err) => logger.warn({ err }, 'a caller of the CA port was refused'),
      onError,
    });
    closing.add(() => server.close());
    const lines = [`The CA port is open: https://${host}:${server.port}`];
    if (healthPort !== undefined) {
      const checks = { database: () => service.db.query('SELECT 1 FROM ca.journal_head') };
      const setting = 'TOUCHMARK_HEALTH_PORT';
      const metrics = createMetricsRegistry();
      const health = await openHealthPort({ host: '127.0.0.1', port: healthPort, setting, checks, metrics });
      closing.add(() => health.close());
      lines.push(`Health: ${health.url}`);
    }
    return { welcome: `${lines.join('\n')}\nThe CA runs.\n`, close: () => closing.run() };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

/** The CA renews its own certificate as it does those of others. */
async function renewOwn(ca: Ca, request: ServiceRenewalRequest): Promise<ServiceRenewalOutcome> {
  const [outcome] = await ca.portFor('enrollment').renewServiceCertificates([request]);
  if (!outcome) throw new TypeError('the CA answered fewer items than were asked');
  return outcome;
}

async function listen(options: ServeCaPortOptions): Promise<CaPortServer> {
  const { host, port } = options;
  try {
    return await serveCaPort(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw listenError(error, 'ca', { host, port, setting: 'TOUCHMARK_CA_PORT' });
  }
}
