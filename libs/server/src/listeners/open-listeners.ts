import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyOf } from '../http/application.js';
import { checkRoutes, listRoutes } from '../http/route-table.js';
import { type Listener, type ListenerOptions, openListener } from './listener.js';
import type { ListenerName } from './listener-name.js';

/** A running application and its ports. */
export interface RunningListeners {
  readonly listeners: readonly Listener[];
  /** The listener of that name; throws TypeError where this process has none. */
  listener(name: ListenerName): Listener;
  /** Drains every port (at most `graceSeconds`), then shuts the application down. */
  close(graceSeconds?: number): Promise<void>;
}

export interface OpenListenersOptions {
  readonly bearerListeners?: readonly ListenerName[];
  /**
   * Answers requests of a listener before the framework sees them, for public routes where that costs more than the answer; false
   * hands the request on. What is answered here is neither logged nor measured.
   */
  readonly first?: Partial<Record<ListenerName, (request: IncomingMessage, response: ServerResponse) => boolean>>;
}

const GRACE_SECONDS = 10;
const BEARER_LISTENERS: readonly ListenerName[] = ['admin'];

/**
 * Initialises the application, checks that no route is open by mistake, and opens its ports: all of them, or none, and then the
 * application is shut down.
 * Throws ROUTE_UNPROTECTED, PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED.
 */
export async function openListeners(
  app: NestFastifyApplication,
  wanted: readonly ListenerOptions[],
  options: OpenListenersOptions = {},
): Promise<RunningListeners> {
  const listeners: Listener[] = [];
  const close = async (graceSeconds: number): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close(graceSeconds)));
    await app.close();
  };
  try {
    const fastify = fastifyOf(app);
    await app.init();
    await fastify.ready();
    checkRoutes(listRoutes(fastify), options.bearerListeners ?? BEARER_LISTENERS);
    for (const one of wanted) {
      // One after the other, so that the first error names the first port.
      const first = options.first?.[one.name];
      listeners.push(
        await openListener(one, (request, response) => {
          if (first?.(request, response) !== true) fastify.routing(request, response);
        }),
      );
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    listeners,
    listener(name) {
      const found = listeners.find((listener) => listener.name === name);
      if (!found) throw new TypeError(`this process has no ${name} listener`);
      return found;
    },
    close: (graceSeconds = GRACE_SECONDS) => close(graceSeconds),
  };
}
