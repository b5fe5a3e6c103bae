import { Command } from 'commander';
import { authorityCommands } from './commands/authorities.js';
import { batchCommands } from './commands/batches.js';
import type { Runner } from './commands/command.js';
import { deviceCommands } from './commands/devices.js';
import { processCommands, serviceCommands } from './commands/processes.js';
import { factoryCommands, modelCommands, policyCommands } from './commands/registry.js';
import { statusCommands } from './commands/status.js';
import { tokenCommands } from './commands/tokens.js';
import { verifyCommand } from './commands/verify.js';

const HELP_WIDTH = 110;

const after = `
On the machine of the service nothing has to be said: the address, the root certificate and the admin's token
are in its data folder. Elsewhere give --url, --ca and --token-file, or set TOUCHMARK_URL, TOUCHMARK_CA and
TOUCHMARK_TOKEN_FILE.

Exit codes: 0 done, 1 refused by the service, 2 wrong use, 3 service not reached or not authenticated,
4 verify says no, 5 some lines of a batch were refused, 70 a fault of this program, 130 interrupted.
More: docs/cli.md.`;

export interface ProgramOptions {
  readonly version: string;
  /** Where commander's own words go: help, and what is wrong with a command line. */
  readonly writeOut: (text: string) => unknown;
  readonly writeErr: (text: string) => unknown;
}

/** All commands, in the order in which they are shown. */
export function makeProgram(runner: Runner, { version, writeOut, writeErr }: ProgramOptions): Command {
  const program = new Command('touchmark')
    .description('Device certificates: issue, renew, revoke, verify.')
    .version(version, '-V, --version')
    .configureHelp({ helpWidth: HELP_WIDTH, showGlobalOptions: false })
    .addHelpText('after', after)
    .showHelpAfterError('(--help says more)')
    .configureOutput({ writeOut, writeErr, getOutHasColors: () => false, getErrHasColors: () => false })
    .exitOverride();
  program.commandsGroup('Run:');
  processCommands(program, runner);
  program.commandsGroup('Registry:');
  modelCommands(program, runner);
  policyCommands(program, runner);
  factoryCommands(program, runner);
  program.commandsGroup('Devices:');
  batchCommands(program, runner);
  deviceCommands(program, runner);
  program.commandsGroup('Status:');
  statusCommands(program, runner);
  verifyCommand(program, runner);
  program.commandsGroup('Access:');
  serviceCommands(program, runner);
  tokenCommands(program, runner);
  authorityCommands(program, runner);
  return program;
}

/** The help of every command, in Markdown: the second half of docs/cli.md. */
export function commandReference(program: Command): string {
  return [...leaves(program)]
    .map((command) => `### ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`)
    .join('\n');
}

function* leaves(command: Command): Generator<Command> {
  if (command.commands.length === 0) yield command;
  for (const child of command.commands) yield* leaves(child);
}

const nameOf = (command: Command): string =>
  command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

/** As `--help` prints it, examples and all. */
function helpOf(command: Command): string {
  const printed: string[] = [];
  command.configureOutput({ writeOut: (text) => printed.push(text), getOutHasColors: () => false });
  command.outputHelp();
  return printed.join('').trimEnd();
}
