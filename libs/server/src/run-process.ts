import type { Logger } from 'pino';
import type { z } from 'zod';
import { type Clock, systemClock } from './clock.js';
import { type CommandLineOptions, readFlags, usageText } from './config/command-line.js';
import { answerConfigCommand } from './config/config-command.js';
import { type Environment, loadConfig } from './config/load-config.js';
import { ServerError } from './errors/server-error.js';
import { UsageError } from './errors/usage-error.js';
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

export interface ProcessOptions<Config> extends CommandLineOptions {
  readonly schema: z.ZodType<Config>;
  readonly environment: Environment;
  /** Opens everything and resolves when it serves; what it answers is printed and closed again. */
  readonly start: (
    context: ProcessContext<Config>,
    flags: ReadonlySet<string>,
  ) => Promise<{ readonly welcome: string; close(): Promise<void> }>;
}

/**
 * The life of a serving process: its command line, the start, SIGTERM or SIGINT, the end. Throws what kept it from starting, for
 * `failProcess`: most of that is for the operator to mend.
 */
export async function runProcess<Config extends LogConfig>(options: ProcessOptions<Config>): Promise<void> {
  const { schema, environment, start } = options;
  checkNodeVersion(process.versions.node);
  const [, program = '', ...args] = process.argv;
  const flags = readFlags(args, options);
  const answer = flags.has('help') ? usageText(program, options) : answerConfigCommand(args, schema, { environment });
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`);
    return;
  }
  const context = openContext(schema, environment);
  // a stop that is asked for while starting is done once everything stands
  const stopAsked = Promise.withResolvers<void>();
  onStopSignals(process, () => systemClock.nowMs(), { stop: stopAsked.resolve, force: () => process.exit(1) });
  const service = await start(context, flags);
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
  // most are those of the other processes, which share an environment
  if (unknownVariables.length > 0) logger.info(`no setting of this process: ${unknownVariables.join(', ')}`);
  return { config, clock: systemClock, randomBytes: systemRandomBytes, logger };
}

/** Says what went wrong in words, without a stack, and ends the process: exit code 2 where it was started wrongly, else 1. */
export function failProcess(what: string, error: unknown): never {
  process.stderr.write(`${what}: ${failureText(error)}\n`);
  process.exit(isStartedWrongly(error) ? 2 : 1);
}

/** The sentence, the code that docs/errors.md explains, and the cause. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail = 'detail' in error && typeof error.detail === 'string' ? error.detail : error.message;
  const code =
    'code' in error && typeof error.code === 'string' && !detail.includes(error.code) ? error.code : undefined;
  const own = code === undefined ? detail : `${detail} (${code})`;
  return error.cause instanceof Error && error.cause.message !== '' ? `${own}\n  because: ${error.cause.message}` : own;
}

/** By its command line or its configuration, which no second attempt mends. */
const isStartedWrongly = (error: unknown): boolean =>
  error instanceof UsageError ||
  ServerError.is(error, 'CONFIG_INVALID') ||
  (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'));
