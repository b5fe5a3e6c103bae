import { CliError } from './cli-error.js';
import { ExitCode } from './exit-codes.js';
import { printable } from './format.js';

/** Where text goes: `process.stdout` and `process.stderr`. */
export interface TextSink {
  write(text: string): unknown;
}

/** Results go to standard output, everything else to standard error. With `--json` a result is one JSON document. */
export class Output {
  readonly json: boolean;
  private readonly stdout: TextSink;
  private readonly stderr: TextSink;

  constructor(json: boolean, stdout: TextSink, stderr: TextSink) {
    this.json = json;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** What the command was run for. */
  result(value: object, human: () => string): void {
    this.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${printable(human())}\n`);
  }

  /** A word beside the result, for people; nothing with `--json`. */
  note(text: string): void {
    if (!this.json) this.stderr.write(`${printable(text)}\n`);
  }

  /** Tells what went wrong and what to do next, and returns the exit code for it. */
  failure(error: unknown): ExitCode {
    const { code, message, exitCode, context } =
      error instanceof CliError
        ? error
        : { code: 'INTERNAL', message: stackOf(error), exitCode: ExitCode.internal, context: {} };
    const { hint, service } = context;
    if (this.json) {
      const reason = service?.code ?? code;
      this.stderr.write(`${JSON.stringify({ error: { code, reason, message, hint, exitCode, service } })}\n`);
    } else {
      const words = [`touchmark: ${message}`, ...(hint === undefined ? [] : [`  ${hint}`])];
      if (service?.requestId !== undefined)
        words.push(`  Request id, for the log of the service: ${service.requestId}`);
      this.stderr.write(`${printable(words.join('\n'))}\n`);
    }
    return exitCode;
  }
}

/** A fault of ours: the stack is what a report needs. */
const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : `something that is no error was thrown: ${String(error)}`;
