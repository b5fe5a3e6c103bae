import { answerConfigCommand, failProcess, openContext, runProcess } from '@touchmark/server';
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

const asOwner = () => openContext(ownerSchema, processEnvironment);
const asCa = () => openContext(configSchema, processEnvironment);

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  init: () => init({ ...asOwner(), print }),
  migrate: () => migrateDatabase({ ...asOwner(), print }),
  issue: (args) => issue(args, { ...asCa(), print }),
  restore: (args) => restore(args, { ...asCa(), print }),
  'revoke-certificate': (args) => revokeCertificate(args, { ...asCa(), print }),
};

const ownersCommands = ['init', 'migrate'];

async function main(): Promise<void> {
  const [, , name, ...args] = process.argv;
  if (name === undefined || name.startsWith('-')) {
    await runProcess({ schema: configSchema, environment: processEnvironment, start: startCaProcess });
    return;
  }
  const answer = answerConfigCommand(args, ownersCommands.includes(name) ? ownerSchema : configSchema, {
    environment: processEnvironment,
  });
  if (answer !== undefined) {
    print(answer);
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new TypeError(`no command is called ${name}; there are ${Object.keys(commands).join(', ')}`);
  await command(args);
}

await main().catch((error: unknown) => failProcess('The CA failed', error));
