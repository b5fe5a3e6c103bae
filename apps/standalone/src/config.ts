import { isRealm } from '@touchmark/lifecycle';
import {
  databaseUrlSetting,
  type Environment,
  hostSetting,
  logSettings,
  organizationSetting,
  packageRoot,
  packageVersion,
  port,
  realmSetting,
  redisUrlSetting,
} from '@touchmark/server';
import { DEFAULT_ROLE_PREFIX, isRolePrefix } from '@touchmark/store';
import { z } from 'zod';
import { caSettings } from '../../ca/src/ca-settings.js';
import { evaluationSetting, forRealUse, notForRealUse, publicHttpUrlSetting } from '../../ca/src/hierarchy-settings.js';
import { responderSettings } from '../../responder/src/responder-settings.js';

/** Everything that an operator may set. Each setting is a variable TOUCHMARK_<PATH> and a member of the file TOUCHMARK_CONFIG. */
export const configSchema = z
  .strictObject({
    dataFolder: z
      .string()
      .min(1)
      .optional()
      .describe('where the embedded database and all keys lie; .touchmark in the clone by default'),
    databaseUrl: databaseUrlSetting('PostgreSQL 15 or newer, as its owner; without it an embedded one is started'),
    databaseRolePrefix: z
      .string()
      .refine(isRolePrefix, 'it must be 1 to 40 of a-z, 0-9 and _, a letter first')
      .default(DEFAULT_ROLE_PREFIX)
      .describe('what the names of the three database roles begin with: one prefix for each installation in a cluster'),
    redisUrl: redisUrlSetting,
    host: hostSetting,
    devicePort: port(8443, 'TLS for devices: EST; client certificates are requested'),
    adminPort: port(8445, 'TLS for admins and factories: REST /v1 with access tokens'),
    publicPort: port(8080, 'plain HTTP for anyone: OCSP, CRLs, CA certificates, signed status'),
    gatewayPort: port(8444, 'TLS for gateways: the status feed; client certificates are requested'),
    publicHttpUrl: publicHttpUrlSetting.describe(
      'base of the URLs that are burnt into certificates; http://localhost:<publicPort> by default',
    ),
    serverNames: z
      .array(z.string().min(1))
      .default(['localhost', '127.0.0.1', '::1'])
      .describe('DNS names and IP addresses in the certificate of the TLS ports'),
    evaluation: evaluationSetting,
    organization: organizationSetting('O of CA certificates and of the demo model'),
    realm: realmSetting(isRealm),
    ...logSettings,
    ca: caSettings.prefault({}),
    responder: responderSettings.prefault({}),
  })
  .refine(forRealUse, notForRealUse);

export type Config = z.infer<typeof configSchema>;

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;

export const cloneRoot = packageRoot(import.meta.dirname);
export const version = packageVersion(cloneRoot);
