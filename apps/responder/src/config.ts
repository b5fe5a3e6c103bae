import { isRealm } from '@touchmark/lifecycle';
import {
  caUrlSetting,
  databaseUrlSetting,
  type Environment,
  healthPortSetting,
  hostSetting,
  logSettings,
  port,
  realmSetting,
  secretsFolderSetting,
} from '@touchmark/server';
import { z } from 'zod';
import { responderSettings } from './responder-settings.js';

/** Everything that an operator may set of the responder process. */
export const configSchema = z.strictObject({
  secretsFolder: secretsFolderSetting,
  databaseUrl: databaseUrlSetting(
    "PostgreSQL's primary as the responder's role; by default what init wrote into the folder of secrets",
  ),
  caUrl: caUrlSetting,
  host: hostSetting,
  publicPort: port(8080, 'plain HTTP for anyone: OCSP, CRLs, CA certificates, signed status; /livez, /readyz'),
  gatewayPort: port(8444, 'TLS for gateways: the status feed; client certificates are requested'),
  healthPort: healthPortSetting,
  realm: realmSetting(isRealm),
  ...logSettings,
  responder: responderSettings.prefault({}),
});

export type Config = z.infer<typeof configSchema>;

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;
