import 'reflect-metadata';
import { failProcess, runProcess } from '@touchmark/server';
import { configSchema, processEnvironment } from './config.js';
import { startEnrollmentProcess } from './enrollment-process.js';

await runProcess({
  schema: configSchema,
  environment: processEnvironment,
  flags: { 'new-admin-token': 'makes another token of an admin, for who lost it' },
  start: (context, flags) => startEnrollmentProcess(context, { newAdminToken: flags.has('new-admin-token') }),
}).catch((error: unknown) => failProcess('Enrollment did not start', error));
