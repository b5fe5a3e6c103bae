import 'reflect-metadata';
import { failProcess, runProcess } from '@touchmark/server';
import { configSchema, processEnvironment } from './config.js';
import { startEnrollmentProcess } from './enrollment-process.js';

const newAdminToken = process.argv.includes('--new-admin-token');

await runProcess({
  schema: configSchema,
  environment: processEnvironment,
  start: (context) => startEnrollmentProcess(context, { newAdminToken }),
}).catch((error: unknown) => failProcess('Enrollment did not start', error));
