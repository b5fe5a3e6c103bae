import { migrateJobs } from '@touchmark/jobs';
import { grantRoles, migrate } from '@touchmark/store';
import type { OwnerConfig } from '../config.js';
import type { CommandContext } from './command.js';

/** Brings the database to this version, as its owner, and grants the roles that there are what this version needs. */
export async function migrateDatabase({ config, print }: CommandContext<OwnerConfig>): Promise<void> {
  const { databaseUrl, databaseRolePrefix, redisUrl } = config;
  const { applied } = await migrate(databaseUrl);
  // with a Redis, no job ever lies in this database
  if (redisUrl === undefined) await migrateJobs(databaseUrl);
  await grantRoles(databaseUrl, databaseRolePrefix);
  print(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}.`);
}
