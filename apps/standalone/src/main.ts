import 'reflect-metadata';
import { answerConfigCommand, createLogger, onStopSignals, systemClock, systemRandomBytes } from '@touchmark/server';
import { cloneRoot, configSchema, processEnvironment, readConfig, version } from './config.js';
import { startStandalone } from './standalone.js';
import { welcome } from './welcome.js';

/** What went wrong in words, without a stack: most failures of a start are for the operator to mend. */
function fail(error: unknown): never {
  process.stderr.write(`Touchmark did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof Error && error.cause instanceof Error)
    process.stderr.write(`  because: ${error.cause.message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const answer = answerConfigCommand(process.argv, configSchema, { environment: processEnvironment });
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`);
    return;
  }
  const { config, unknownVariables } = readConfig();
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, clock: systemClock });
  for (const name of unknownVariables) logger.warn(`no setting is called ${name}`);
  // a stop that is asked for while starting is done once everything stands
  const stopAsked = Promise.withResolvers<void>();
  onStopSignals(process, () => systemClock.nowMs(), { stop: stopAsked.resolve, force: () => process.exit(1) });
  const service = await startStandalone({
    config,
    version,
    cloneRoot,
    clock: systemClock,
    randomBytes: systemRandomBytes,
    logger,
    newAdminToken: process.argv.includes('--new-admin-token'),
  });
  process.stdout.write(welcome(service));
  await stopAsked.promise;
  process.stdout.write('Stopping …\n');
  await service.close();
  process.stdout.write('Stopped.\n');
}

await main().catch(fail);
