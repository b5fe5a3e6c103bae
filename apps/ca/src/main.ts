import {
  failProcess,
  openContext,
  readFlags,
  runProcess,
  answerConfigCommand,
  usageText,
  UsageError,
} from '@touchmark/server';
import { inDataFolder } from './commands/data-folder.js';
import { init } from './commands/init.js';
import { issue } from './commands/issue.js';
import { migrateDatabase } from './commands/migrate.js';
import { restore } from './commands/restore.js';
import { revokeCertificate } from './commands/revoke-certificate.js';
import { configSchema, ownerSchema, processEnvironment } from './config.js';
import { startCaProcess } from './ca-process.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

type Args = readonly string[];

/** Commands of the database's owner, which take no arguments. */
const owners = { init, migrate: migrateDatabase };
/** Commands of a CA that `init` has made; those that work beside a service of one process take its data folder. */
const operators = { issue, restore, 'revoke-certificate': revokeCertificate };

const commandLine = {
  commands: [
    'init|migrate',
    'issue gateway-client|tls-server|service --name NAME … --out FOLDER [--data-folder FOLDER]',
    'revoke-certificate SERIAL-NUMBER|FILE.pem --reason REASON … [--data-folder FOLDER]',
    'restore --yes [--epoch NUMBER] FILE…',
  ],
};

async function main(): Promise<void> {
  const [, program = '', name, ...args] = process.argv;
  if (name === undefined || name.startsWith('-')) {
    await runProcess({
      ...commandLine,
      schema: configSchema,
      environment: processEnvironment,
      start: (context) => startCaProcess(context),
    });
  } else if (args.includes('--help')) print(usageText(program, commandLine));
  else if (isOneOf(name, owners)) await runOwners(name, args);
  else if (isOneOf(name, operators)) await runOperators(name, args);
  else
    throw new UsageError(
      `no command is called ${name}; there are ${Object.keys({ ...owners, ...operators }).join(', ')}`,
    );
}

async function runOwners(name: keyof typeof owners, args: Args): Promise<void> {
  readFlags(args);
  const answer = answerConfigCommand(args, ownerSchema, { environment: processEnvironment });
  if (answer === undefined) await owners[name]({ ...openContext(ownerSchema, processEnvironment), print });
  else print(answer);
}

async function runOperators(name: keyof typeof operators, all: Args): Promise<void> {
  const { args, environment } = inDataFolder(all, processEnvironment);
  const answer = answerConfigCommand(args, configSchema, { environment });
  if (answer === undefined) await operators[name](args, { ...openContext(configSchema, environment), print });
  else print(answer);
}

const isOneOf = <Commands extends object>(name: string, commands: Commands): name is keyof Commands & string =>
  Object.hasOwn(commands, name);

await main().catch((error: unknown) => failProcess('The CA failed', error));
