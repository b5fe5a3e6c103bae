import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultCaSettings } from '../../ca/src/ca.js';
import { isRealm } from '@touchmark/lifecycle';
import { type Environment, type LoadedConfig, loadConfig } from '@touchmark/server';
import { DEFAULT_ROLE_PREFIX, isRolePrefix } from '@touchmark/store';
import { z } from 'zod';
import { isLocalUrl } from '../../ca/src/local-url.js';
import { responderSettings } from '../../responder/src/responder-settings.js';

const port = (standard: number, what: string) => z.int().min(0).max(65_535).default(standard).describe(what);

/** Everything that an operator may set. Each setting is a variable TOUCHMARK_<PATH> and a member of the file TOUCHMARK_CONFIG. */
export const configSchema = z
  .strictObject({
    dataFolder: z
      .string()
      .min(1)
      .optional()
      .describe('where the embedded database and all keys lie; .touchmark in the clone by default'),
    databaseUrl: z
      .string()
      .regex(/^postgres(ql)?:\/\//)
      .optional()
      .meta({ env: 'DATABASE_URL', secret: true })
      .describe('PostgreSQL 15 or newer; without it an embedded one is started'),
    databaseRolePrefix: z
      .string()
      .refine(isRolePrefix, 'it must be 1 to 40 of a-z, 0-9 and _, a letter first')
      .default(DEFAULT_ROLE_PREFIX)
      .describe('what the names of the three database roles begin with: one prefix for each installation in a cluster'),
    redisUrl: z
      .string()
      .regex(/^rediss?:\/\//)
      .optional()
      .meta({ env: 'REDIS_URL', secret: true })
      .describe('Redis for the job queue; without it the queue lives in PostgreSQL'),
    host: z.string().min(1).default('127.0.0.1').describe('address that all ports listen on'),
    devicePort: port(8443, 'TLS for devices: EST; client certificates are requested'),
    adminPort: port(8445, 'TLS for admins and factories: REST /v1 with access tokens'),
    publicPort: port(8080, 'plain HTTP for anyone: OCSP, CRLs, CA certificates, signed status'),
    gatewayPort: port(8444, 'TLS for gateways: the status feed; client certificates are requested'),
    publicHttpUrl: z
      .url({ protocol: /^https?$/ })
      .regex(/[^/]$/)
      .optional()
      .describe('base of the URLs that are burnt into certificates; http://localhost:<publicPort> by default'),
    serverNames: z
      .array(z.string().min(1))
      .default(['localhost', '127.0.0.1', '::1'])
      .describe('DNS names and IP addresses in the certificate of the TLS ports'),
    evaluation: z
      .boolean()
      .default(true)
      .describe(
        'false: certificates are made for real use, so publicHttpUrl must be a name that devices can reach for ever',
      ),
    organization: z
      .string()
      .min(1)
      .max(64)
      .default('Touchmark evaluation')
      .describe('O of CA certificates and of the demo model'),
    realm: z
      .string()
      .refine(isRealm, 'it must be a DNS name in lower case of at most 63 characters')
      .default('devices.local')
      .describe('SPIFFE trust domain name of the devices'),
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    logFormat: z.enum(['text', 'json']).default('text'),
    ca: z
      .strictObject({
        hourlyQuota: z
          .int()
          .min(1)
          .default(defaultCaSettings.hourlyQuota)
          .describe('certificates for one model in one clock hour'),
        totalHourlyQuota: z
          .int()
          .min(1)
          .default(defaultCaSettings.totalHourlyQuota)
          .describe('certificates for all models in one clock hour'),
        crlLifetime: z
          .int()
          .min(600)
          .default(defaultCaSettings.crlLifetime)
          .describe('seconds from thisUpdate to nextUpdate of a CRL'),
        crlRefreshAfter: z
          .int()
          .min(60)
          .default(defaultCaSettings.crlRefreshAfter)
          .describe('seconds after which an unchanged CRL is made anew'),
        blockSize: z.int().min(1).max(65_536).default(defaultCaSettings.blockSize).describe('seats leased at a time'),
        maxBatch: z
          .int()
          .min(1)
          .max(1000)
          .default(defaultCaSettings.maxBatch)
          .describe('certificates that share one commit'),
        maxClockSkew: z
          .int()
          .min(1)
          .default(defaultCaSettings.maxClockSkew)
          .describe("seconds between our clock and the database's"),
        statusHeadEvery: z
          .int()
          .min(1)
          .max(60)
          .default(defaultCaSettings.statusHeadEvery)
          .describe(
            'seconds between signed heads of a journal that does not grow; gateways know the age of their status by them',
          ),
        statusSnapshotEvery: z
          .int()
          .min(10)
          .default(defaultCaSettings.statusSnapshotEvery)
          .describe('seconds between status snapshots'),
        statusSnapshotEntries: z
          .int()
          .min(1)
          .default(defaultCaSettings.statusSnapshotEntries)
          .describe('journal entries after which the next status snapshot is made, whatever the time'),
        statusBatchesKept: z
          .int()
          .min(600)
          .default(defaultCaSettings.statusBatchesKept)
          .describe('seconds that signed journal batches are kept at least, for gateways that were away'),
        statusTokenTtl: z
          .int()
          .min(1)
          .default(defaultCaSettings.statusTokenTtl)
          .describe('seconds that a relying party may go without asking for a newer Status List Token'),
      })
      .prefault({}),
    responder: responderSettings.prefault({}),
  })
  .refine(
    ({ evaluation, publicHttpUrl }) => evaluation || (publicHttpUrl !== undefined && !isLocalUrl(publicHttpUrl)),
    {
      path: ['publicHttpUrl'],
      message:
        'outside evaluation it must be a DNS name other than localhost: it is burnt into certificates that never end',
    },
  );

export type Config = z.infer<typeof configSchema>;

/** The configuration of this process; CONFIG_INVALID lists everything that is wrong at once. */
export const readConfig = (environment: Environment = process.env): LoadedConfig<Config> =>
  loadConfig(configSchema, { environment });

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;

/** The clone's root: the nearest folder above with a package.json, for the built file in dist and for the source alike. */
export const cloneRoot = rootAbove(import.meta.dirname);

function rootAbove(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(path.join(folder, 'package.json')) || parent === folder ? folder : rootAbove(parent);
}

const packageFile = z.looseObject({ version: z.string() });

/** The version of the service, as package.json says it. */
export const { version } = packageFile.parse(JSON.parse(readFileSync(path.join(cloneRoot, 'package.json'), 'utf8')));
