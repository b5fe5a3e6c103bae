import 'reflect-metadata';
import { failProcess, runProcess } from '@touchmark/server';
import { cloneRoot, configSchema, processEnvironment, version } from './config.js';
import { startStandalone } from './standalone.js';
import { welcome } from './welcome.js';

const newAdminToken = process.argv.includes('--new-admin-token');

await runProcess({
  schema: configSchema,
  environment: processEnvironment,
  async start(context) {
    const service = await startStandalone({ ...context, version, cloneRoot, newAdminToken });
    return { welcome: welcome(service), close: () => service.close() };
  },
}).catch((error: unknown) => failProcess('Touchmark did not start', error));
