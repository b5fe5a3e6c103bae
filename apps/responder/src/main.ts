import 'reflect-metadata';
import { failProcess, runProcess } from '@touchmark/server';
import { configSchema, processEnvironment } from './config.js';
import { startResponderProcess } from './responder-process.js';

await runProcess({ schema: configSchema, environment: processEnvironment, start: startResponderProcess }).catch(
  (error: unknown) => failProcess('The responder did not start', error),
);
