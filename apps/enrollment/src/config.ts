import { isRealm } from '@touchmark/lifecycle';
import {
  caUrlSetting,
  databaseUrlSetting,
  type Environment,
  healthPortSetting,
  hostSetting,
  logSettings,
  organizationSetting,
  packageRoot,
  packageVersion,
  port,
  realmSetting,
  redisUrlSetting,
  secretsFolderSetting,
} from '@touchmark/server';
import { z } from 'zod';

/** Everything that an operator may set of the enrollment process. */
export const configSchema = z.strictObject({
  secretsFolder: secretsFolderSetting,
  databaseUrl: databaseUrlSetting(
    "PostgreSQL as enrollment's role; by default what init wrote into the folder of secrets",
  ),
  redisUrl: redisUrlSetting,
  caUrl: caUrlSetting,
  host: hostSetting,
  devicePort: port(8443, 'TLS for devices: EST; client certificates are requested'),
  adminPort: port(8445, 'TLS for admins and factories: REST /v1 with access tokens; /livez, /readyz, /metrics'),
  healthPort: healthPortSetting,
  demoRegistry: z
    .boolean()
    .default(false)
    .describe('makes a model, a policy and a factory to try things with, at the very first start'),
  organization: organizationSetting('O of the demo model'),
  realm: realmSetting(isRealm),
  ...logSettings,
});

export type Config = z.infer<typeof configSchema>;

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;

export const version = packageVersion(packageRoot(import.meta.dirname));
