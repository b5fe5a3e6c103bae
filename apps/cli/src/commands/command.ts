import { type Command, Option } from 'commander';
import { variables } from '../config.js';
import type { ExitCode } from '../exit-codes.js';
import type { Cli } from '../cli.js';
import { wholeNumber } from '../option-values.js';

/** What a command does: an exit code other than 0 where it did not do all that was asked. */
export type Run<O> = (cli: Cli, options: O, ...args: string[]) => Promise<ExitCode | void>;

/** Hands a parsed command over. `start` makes the Cli once it is known whether JSON is wanted. */
export interface Runner {
  readonly start: (json: boolean) => Cli;
  readonly finish: (code: number | void) => void;
}

/** A group of commands, such as `device`. */
export function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).summary(summary).description(`${summary}.`);
}

/** A command with its examples. Options and arguments follow; `does` comes last. */
export function leaf(
  parent: Command,
  usage: string,
  summary: string,
  details: string,
  examples: readonly string[],
): Command {
  const lines = examples.map((example) => `  $ npx touchmark ${example}`);
  return parent
    .command(usage)
    .summary(summary)
    .description(details === '' ? `${summary}.` : `${summary}.\n\n${details}`)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** `--json`, and what to do when the command is called with so many arguments. */
export function does<O extends object>(command: Command, runner: Runner, run: Run<O>): void {
  command
    .optionsGroup('Output:')
    .option('--json', 'one JSON document on standard output, errors as JSON on standard error');
  command.action(async () => {
    const options: O & { json?: boolean } = command.opts();
    runner.finish(await run(runner.start(options.json ?? false), options, ...command.args));
  });
}

/** Options of a command that calls the REST API. */
export function callsApi(command: Command): Command {
  return command
    .optionsGroup('Service:')
    .addOption(fromEnvironment('--url <url>', 'REST API, https://host:8445', variables.url))
    .addOption(fromEnvironment('--ca <file>', 'root certificate to trust, PEM', variables.ca))
    .addOption(
      fromEnvironment(
        '--token-file <file>',
        'access token',
        `${variables.tokenFile}, or the token in ${variables.token}`,
      ),
    )
    .addOption(fromEnvironment('--data-folder <folder>', 'data of a service on this machine', variables.dataFolder));
}

/** Options of a command that a device runs. */
export function callsEst(command: Command): Command {
  return command
    .optionsGroup('Service:')
    .addOption(fromEnvironment('--est-url <url>', 'EST, https://host:8443', variables.estUrl))
    .addOption(fromEnvironment('--ca <file>', 'root certificate to trust, PEM', variables.ca))
    .addOption(fromEnvironment('--data-folder <folder>', 'data of a service on this machine', variables.dataFolder));
}

/** How much of a list. */
export function lists(command: Command): Command {
  return command.optionsGroup('Options:').option('--limit <number>', 'items at most', wholeNumber(1, 1_000_000), 100);
}

export interface Limit {
  readonly limit: number;
}

/** The variable is read in config.ts; the help only names it. */
export function fromEnvironment(flags: string, description: string, variable: string): Option {
  return new Option(flags, `${description} (or ${variable})`);
}
