import { Argument, type Command, type Option } from 'commander';
import { ExitCode } from '../exit-codes.js';
import { type ProcessName, processes, runProcess } from '../processes/run-process.js';
import { fromEnvironment, leaf, type Runner } from './command.js';

export function processCommands(program: Command, runner: Runner): void {
  passing(
    leaf(
      program,
      'serve',
      'Run everything in one process, in the foreground',
      'What npm start runs. Settings: docs/operations/configuration.md. Ctrl-C stops.',
      ['serve', 'serve --new-admin-token'],
    ),
    runner,
    'standalone',
  );
  passing(
    leaf(
      program,
      'gateway',
      'Run the gateway, in the foreground',
      'What follows goes to the gateway as it stands; its settings: docs/operations.',
      ['gateway --config gateway.json', 'gateway --print-config-schema'],
    ),
    runner,
    'gateway',
  );
  passing(
    leaf(
      program,
      'init',
      'Set up a service of several processes: database, hierarchy, secrets',
      'Safe to be run again. What follows goes to the CA’s own command.',
      ['init'],
    ),
    runner,
    'ca',
    ['init'],
  );
  passing(
    leaf(
      program,
      'migrate',
      'Bring the database to this version’s schema',
      'As the owner of the database; services never do that themselves.',
      ['migrate'],
    ),
    runner,
    'ca',
    ['migrate'],
  );

  leaf(program, 'check-config', 'Say what is wrong with the configuration, all at once, and start nothing', '', [
    'check-config',
    'check-config gateway',
  ])
    .addArgument(new Argument('[process]', 'whose configuration').choices(processes).default('standalone'))
    .addOption(configFile())
    .action(async (name: ProcessName, options: Configured) => {
      const code = await runProcess(name, ['--check-config'], options.config);
      runner.finish(code === 0 ? ExitCode.done : ExitCode.usage);
    });
}

/** A command whose arguments are another program's. */
function passing(command: Command, runner: Runner, name: ProcessName, first: readonly string[] = []): void {
  command
    .argument('[arguments...]', 'handed over as they stand')
    .allowUnknownOption()
    .allowExcessArguments()
    .addOption(configFile())
    .action(async (args: string[], options: Configured) =>
      runner.finish(await runProcess(name, [...first, ...args], options.config)),
    );
}

interface Configured {
  readonly config?: string;
}

const configFile = (): Option => fromEnvironment('--config <file>', 'configuration, JSON', 'TOUCHMARK_CONFIG');
