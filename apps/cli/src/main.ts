import { CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import { Cli, type Machine } from './cli.js';
import { clock, cloneRoot, environment, freshBytes, version } from './config.js';
import { ExitCode } from './exit-codes.js';
import { Output } from './output.js';
import { commandReference, makeProgram } from './program.js';

// errors of the command line itself come before a command knows its options
const wantsJson = process.argv.includes('--json');

function watchInterruption(): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  return interruption.signal;
}

async function main(): Promise<number> {
  const machine: Machine = {
    environment,
    cwd: process.cwd(),
    cloneRoot,
    uid: process.geteuid?.(),
    ...clock,
    freshBytes,
    isTerminal: process.stderr.isTTY,
    stderr: process.stderr,
    watchInterruption,
  };
  let exitCode: number = ExitCode.done;
  const runner = {
    start: (json: boolean) => new Cli(machine, new Output(json, process.stdout, process.stderr)),
    finish: (code: number | void) => {
      exitCode = code ?? ExitCode.done;
    },
  };
  if (process.argv.includes('--print-reference')) {
    process.stdout.write(commandReference(makeProgram(runner, version)));
    return ExitCode.done;
  }
  try {
    await makeProgram(runner, version, wantsJson).parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error);
    return new Output(wantsJson, process.stdout, process.stderr).failure(error);
  }
}

/** Help and version are no errors. What is wrong with a command line, commander has said already, unless JSON is wanted. */
function usage({ exitCode, message }: CommanderError): ExitCode {
  if (exitCode === 0) return ExitCode.done;
  if (!wantsJson) return ExitCode.usage;
  const hint = 'See: touchmark --help.';
  const error = new CliError('USAGE', message.replace(/^error: /, ''), { hint });
  return new Output(true, process.stdout, process.stderr).failure(error);
}

// a reader that has seen enough (head) is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(ExitCode.done);
});
process.exitCode = await main();
