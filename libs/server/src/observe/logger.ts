import { type DestinationStream, type Logger, pino } from 'pino';
import type { Clock } from '../clock.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one object a line, for machines. `text`: one line for a person at a terminal. */
  readonly format: 'json' | 'text';
  readonly clock: Clock;
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

/** Members that are never printed, whoever logs them, at the top or one level down. A net, not a licence. */
const SECRET_MEMBERS = ['authorization', 'token', 'accessToken', 'password', 'privateKey', 'key', 'csr', 'cookie'];

/** The process's logger. Requests are logged without bodies, headers or query strings (see `logRequests`). */
export function createLogger({ level, format, clock, destination }: LoggerOptions): Logger {
  const out = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":${clock.nowMs()}`,
      redact: { paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { err: describeForLog },
    },
    format === 'json' ? out : textLines(out),
  );
}

/**
 * An error for the log: class, code, message, stack, cause. Other members stay out: a database driver's error
 * carries the statement's parameters.
 */
function describeForLog(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    type: error.name,
    code: 'code' in error && typeof error.code === 'string' ? error.code : undefined,
    message: error.message,
    stack: error.stack,
    cause: error.cause === undefined || depth >= 3 ? undefined : describeForLog(error.cause, depth + 1),
  };
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};

/** `12:34:56.789 info  [context] message name=value …`, and below it the stack of an error. */
function textLines(out: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const { level, time, msg, context, err, ...rest }: Record<string, unknown> = JSON.parse(line);
      const at = new Date(Number(time)).toISOString().slice(11, 23);
      const where = typeof context === 'string' ? `[${context}] ` : '';
      const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${textValue(value)}`);
      const name = LEVEL_NAMES[Number(level)] ?? String(level);
      out.write(`${at} ${name} ${where}${textValue(msg ?? '')}${fields.join('')}${stackOf(err)}\n`);
    },
  };
}

const textValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const stack = 'stack' in error && typeof error.stack === 'string' ? `\n${error.stack}` : '';
  return 'cause' in error && error.cause ? `${stack}\ncaused by:${stackOf(error.cause)}` : stack;
}
