import type { Logger } from 'pino';
import type { z } from 'zod';
import { type Clock, systemClock } from './clock.js';
import { answerConfigCommand } from './config/config-command.js';
import { type Environment, loadConfig } from './config/load-config.js';
import { createLogger, type LoggerOptions } from './observe/logger.js';
import { checkNodeVersion } from './node-version.js';
import { type RandomBytes, systemRandomBytes } from './random.js';
import { onStopSignals } from './signals.js';

/** What the outside world hands to a process. */
export interface ProcessContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly logger: Logger;
}

export interface ProcessOptions<Config> {
  readonly schema: z.ZodType<Config>;
  readonly environment: Environment;
  /** Opens everything and resolves when it serves; what it answers is printed and closed again. */
  readonly start: (context: ProcessContext<Config>) => Promise<{ readonly welcome: string; close(): Promise<void> }>;
}

/**
 * The life of a serving process: its two options about the configuration, the start, SIGTERM or SIGINT, the end. Exit code 1 where
 * it could not start, with what went wrong in words: most failures of a start are for the operator to mend.
 */
export async function runProcess<Config extends LogConfig>(options: ProcessOptions<Config>): Promise<void> {
  const { schema, environment, start } = options;
  checkNodeVersion(process.versions.node);
  const answer = answerConfigCommand(process.argv, schema, { environment });
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`);
    return;
  }
  const context = openContext(schema, environment);
  // a stop that is asked for while starting is done once everything stands
  const stopAsked = Promise.withResolvers<void>();
  onStopSignals(process, () => systemClock.nowMs(), { stop: stopAsked.resolve, force: () => process.exit(1) });
  const service = await start(context);
  process.stdout.write(service.welcome);
  await stopAsked.promise;
  process.stdout.write('Stopping …\n');
  await service.close();
  process.stdout.write('Stopped.\n');
}

interface LogConfig {
  readonly logLevel: LoggerOptions['level'];
  readonly logFormat: LoggerOptions['format'];
}

/** Configuration, logger, clock and randomness of this process. Throws CONFIG_INVALID. */
export function openContext<Config extends LogConfig>(
  schema: z.ZodType<Config>,
  environment: Environment,
): ProcessContext<Config> {
  const { config, unknownVariables } = loadConfig(schema, { environment });
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, clock: systemClock });
  for (const variable of unknownVariables) logger.warn(`no setting is called ${variable}`);
  return { config, clock: systemClock, randomBytes: systemRandomBytes, logger };
}

/** Says what went wrong in words, without a stack, and ends the process with exit code 1. */
export function failProcess(what: string, error: unknown): never {
  process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof Error && error.cause instanceof Error)
    process.stderr.write(`  because: ${error.cause.message}\n`);
  process.exit(1);
}
