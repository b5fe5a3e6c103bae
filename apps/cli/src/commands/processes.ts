import { Argument, type Command, type Option } from 'commander';
import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-codes.js';
import { type ProcessName, processes, runProcess } from '../processes/run-process.js';
import { fromEnvironment, group, leaf, type Runner } from './command.js';

const isProcess = (name: string | undefined): name is ProcessName => processes.some((one) => one === name);

export function processCommands(program: Command, runner: Runner): void {
  const serve = leaf(
    program,
    'serve',
    'Run a process in the foreground: everything in one, unless another is named',
    `PROCESS is ${processes.join(', ')}. Everything behind it goes to the process as it stands. Settings: docs/operations. Ctrl-C stops.`,
    ['serve', 'serve --new-admin-token', 'serve ca', 'serve gateway --print-config-schema'],
  );
  passing(serve, runner, ([first, ...others]) => {
    if (isProcess(first)) return [first, others];
    if (first === undefined || first.startsWith('-'))
      return ['standalone', first === undefined ? [] : [first, ...others]];
    throw new CliError('USAGE', `there is no process ${first}`, { hint: `There are ${processes.join(', ')}.` });
  });
  serve.usage('[options] [process] [arguments...]');

  const init = leaf(
    program,
    'init',
    'Set up a service of several processes: database, hierarchy, secrets',
    'As the owner of the database. Safe to be run again.',
    ['init'],
  );
  passing(init, runner, (args) => ['ca', ['init', ...args]]);

  const migrate = leaf(
    program,
    'migrate',
    'Bring the database to this version’s schema',
    'As the owner of the database; processes never do that themselves.',
    ['migrate'],
  );
  passing(migrate, runner, (args) => ['ca', ['migrate', ...args]]);

  const restore = leaf(
    program,
    'restore',
    'Begin a new epoch, after a database was restored',
    'PROCESS is standalone or ca, on whose machine this runs. Files are what gateways or a snapshot know: what is revoked there is revoked here. docs/operations/README.md says when and how.',
    ['restore standalone --yes gate-7/status', 'restore ca --yes gate-7/status'],
  );
  passing(restore, runner, ([first, ...others]) => {
    if (first === 'standalone' || first === 'ca') return [first, ['restore', ...others]];
    throw new CliError('USAGE', 'it must be said of what', { hint: 'restore standalone … or restore ca …' });
  });
  restore.usage('[options] <process> [arguments...]');

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

/** Certificates that are not devices': of gateways, programs and TLS ports. The CA's own process makes them, where its keys are. */
export function serviceCommands(program: Command, runner: Runner): void {
  const services = group(
    program,
    'service',
    'Certificates of gateways, programs and TLS ports, on the machine of the CA',
  );
  const issue = leaf(
    services,
    'issue',
    'Issue a certificate, with a key made here or for a request',
    'PROFILE is gateway-client, tls-server or service. --name NAME says for whom, --out FOLDER where it goes; --csr FILE for a key that stays where it was made.',
    [
      'service issue gateway-client --name gate-7 --out gate-7',
      'service issue tls-server --name gate-7.example.com --ip 192.0.2.7 --out gate-7',
    ],
  );
  passing(issue, runner, (args) => ['ca', ['issue', ...args]]);
  const revoke = leaf(
    services,
    'revoke',
    'Revoke such a certificate',
    'By its file, PEM. --reason REASON: of RFC 5280. A compromise takes what was renewed from it, too.',
    ['service revoke gate-7/gateway-client.pem --reason keyCompromise'],
  );
  passing(revoke, runner, (args) => ['ca', ['revoke-certificate', ...args]]);
}

/** Which process, and its arguments. */
type Passed = readonly [process: ProcessName, args: readonly string[]];

/** A command whose arguments are another program's. */
function passing(command: Command, runner: Runner, passed: (args: readonly string[]) => Passed): void {
  command
    .argument('[arguments...]', 'handed over as they stand')
    .allowUnknownOption()
    .allowExcessArguments()
    .addOption(configFile())
    .action(async (args: string[], options: Configured) => {
      if (args.includes('--json')) {
        const hint = 'What it prints is for people. Its exit code is for scripts.';
        throw new CliError('USAGE', `${command.name()} has no --json`, { hint });
      }
      const [name, all] = passed(args);
      runner.finish(await runProcess(name, all, options.config));
    });
}

interface Configured {
  readonly config?: string;
}

const configFile = (): Option => fromEnvironment('--config <file>', 'configuration, JSON', 'TOUCHMARK_CONFIG');
