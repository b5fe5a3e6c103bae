import { isRealm } from '@touchmark/lifecycle';
import {
  databaseUrlSetting,
  type Environment,
  healthPortSetting,
  hostSetting,
  logSettings,
  organizationSetting,
  port,
  realmSetting,
  redisUrlSetting,
  secretsFolderSetting,
} from '@touchmark/server';
import { DEFAULT_ROLE_PREFIX, isRolePrefix } from '@touchmark/store';
import { z } from 'zod';
import { caSettings } from './ca-settings.js';
import { evaluationSetting, forRealUse, notForRealUse, publicHttpUrlSetting } from './hierarchy-settings.js';

const asMade = 'as init was told, unless set; anything else is refused';

/** What serving and the commands of a served CA need. */
export const configSchema = z.strictObject({
  secretsFolder: secretsFolderSetting,
  databaseUrl: databaseUrlSetting("PostgreSQL as the CA's role; by default what init wrote into the folder of secrets"),
  redisUrl: redisUrlSetting,
  host: hostSetting,
  caPort: port(7443, 'TLS for enrollment and the responder: the CA port, over gRPC'),
  healthPort: healthPortSetting,
  publicHttpUrl: publicHttpUrlSetting.describe(`base of the URLs that are burnt into certificates; ${asMade}`),
  evaluation: evaluationSetting.unwrap().optional().describe(asMade),
  realm: realmSetting(isRealm).unwrap().optional().describe(`SPIFFE trust domain name of the devices; ${asMade}`),
  ...logSettings,
  ca: caSettings.prefault({}),
});

export type Config = z.infer<typeof configSchema>;

/** What init and migrate need: they work as the owner of the database. */
export const ownerSchema = z
  .strictObject({
    secretsFolder: secretsFolderSetting,
    databaseUrl: z
      .string()
      .regex(/^postgres(ql)?:\/\//)
      .meta({ env: 'DATABASE_URL', secret: true })
      .describe('PostgreSQL 15 or newer, as the owner of the database, with CREATEROLE'),
    databaseRolePrefix: z
      .string()
      .refine(isRolePrefix, 'it must be 1 to 40 of a-z, 0-9 and _, a letter first')
      .default(DEFAULT_ROLE_PREFIX)
      .describe('what the names of the three database roles begin with: one prefix for each installation in a cluster'),
    redisUrl: redisUrlSetting,
    publicHttpUrl: publicHttpUrlSetting
      .default('http://localhost:8080')
      .describe('base of the URLs that are burnt into certificates'),
    serverNames: z
      .array(z.string().min(1))
      .default(['localhost', '127.0.0.1', '::1'])
      .describe('DNS names and IP addresses in the certificates of the TLS ports of enrollment and of the responder'),
    evaluation: evaluationSetting,
    organization: organizationSetting('O of CA certificates'),
    realm: realmSetting(isRealm),
    ...logSettings,
    ca: caSettings.prefault({}),
  })
  .refine(forRealUse, notForRealUse);

export type OwnerConfig = z.infer<typeof ownerSchema>;

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;
