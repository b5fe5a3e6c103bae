import 'reflect-metadata';
import { failProcess, openContext, runProcess } from '@touchmark/server';
import { cloneRoot, configSchema, processEnvironment, version } from './config.js';
import { restoreDataFolder } from './restore.js';
import { startStandalone } from './standalone.js';
import { welcome } from './welcome.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  const [, , name, ...args] = process.argv;
  if (name === 'restore') {
    await restoreDataFolder(args, { ...openContext(configSchema, processEnvironment), cloneRoot, print });
    return;
  }
  await runProcess({
    schema: configSchema,
    environment: processEnvironment,
    commands: ['restore --yes [--epoch NUMBER] FILE…'],
    flags: { 'new-admin-token': 'makes another token of an admin, for who lost it' },
    async start(context, flags) {
      const newAdminToken = flags.has('new-admin-token');
      const service = await startStandalone({ ...context, version, cloneRoot, newAdminToken });
      return { welcome: welcome(service), close: () => service.close() };
    },
  });
}

await main().catch((error: unknown) => failProcess('Touchmark did not start', error));
