import type { Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { z } from 'zod';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type ApplicationOptions,
  createApplication,
  createLogger,
  type ListenerName,
  type ListenerOptions,
  openListeners,
  type RunningListeners,
  systemRandomBytes,
} from '../src/index.js';

export interface TestApp extends RunningListeners {
  readonly app: NestFastifyApplication;
  /** What was logged, parsed. */
  readonly log: Record<string, unknown>[];
  fetch(path: string, init?: RequestInit & { listener?: ListenerName }): Promise<Response>;
}

/** A listener on a free port of 127.0.0.1. */
export const onFreePort = (name: ListenerName, more: Partial<ListenerOptions> = {}): ListenerOptions => ({
  name,
  host: '127.0.0.1',
  port: 0,
  setting: `TOUCHMARK_${name.toUpperCase()}_PORT`,
  ...more,
});

/** An application of these controllers, on plain HTTP unless listeners are given. */
export async function startApp(
  controllers: Type[],
  options: Partial<ApplicationOptions> & {
    imports?: Parameters<typeof Module>[0]['imports'];
    listeners?: ListenerOptions[];
    prepare?: (app: NestFastifyApplication) => void;
  } = {},
): Promise<TestApp> {
  @Module({ controllers, imports: options.imports ?? [] })
  class RootModule {}
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    clock: { now: () => 0, nowMs: () => 0 },
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  const app = await createApplication(RootModule, {
    logger,
    randomBytes: systemRandomBytes,
    describeError: () => undefined,
    ...options,
  });
  options.prepare?.(app);
  const running = await openListeners(app, options.listeners ?? [onFreePort('admin'), onFreePort('public')]);
  return {
    ...running,
    app,
    log,
    fetch: (path, { listener = 'admin', ...init } = {}) => fetch(running.listener(listener).url + path, init),
  };
}

/** The members of a JSON answer. */
export async function readObject(response: Response): Promise<Record<string, unknown>> {
  return z.looseObject({}).parse(await response.json());
}
