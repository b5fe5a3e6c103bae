import { CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import { Cli, type Machine } from './cli.js';
import type { Runner } from './commands/command.js';
import { ExitCode } from './exit-codes.js';
import { Output, type TextSink } from './output.js';
import { commandReference, makeProgram } from './program.js';

/** All that a run of the command line sees and touches of the process that it runs in. */
export interface World extends Machine {
  readonly version: string;
  readonly stdout: TextSink;
}

/** One command line, without the name of the program, to its exit code. It ends nothing and throws nothing. */
export async function run(args: readonly string[], world: World): Promise<number> {
  // errors of the command line itself come before a command knows its options
  const wantsJson = args.includes('--json');
  const { stdout, stderr, version } = world;
  let exitCode: number = ExitCode.done;
  const runner: Runner = {
    start: (json) => new Cli(world, new Output(json, stdout, stderr)),
    finish: (code) => {
      exitCode = code ?? ExitCode.done;
    },
  };
  const program = makeProgram(runner, {
    version,
    writeOut: (text) => stdout.write(text),
    // with JSON commander keeps its words about errors to itself
    writeErr: (text) => wantsJson || stderr.write(text),
  });
  if (args.includes('--print-reference')) {
    stdout.write(commandReference(program));
    return ExitCode.done;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const output = new Output(wantsJson, stdout, stderr);
    return error instanceof CommanderError ? usage(error, output) : output.failure(error);
  }
}

/** Help and version are no errors. What is wrong with a command line, commander has said already, unless JSON is wanted. */
function usage({ exitCode, message }: CommanderError, output: Output): ExitCode {
  if (exitCode === 0) return ExitCode.done;
  if (!output.json) return ExitCode.usage;
  return output.failure(new CliError('USAGE', message.replace(/^error: /, ''), { hint: 'See: touchmark --help.' }));
}
