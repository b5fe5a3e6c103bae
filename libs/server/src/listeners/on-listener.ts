import type { IncomingMessage } from 'node:http';
import { RouteRulesOf } from '../http/route-rules.js';
import { listenerNames, listenerOf, type ListenerName } from './listener-name.js';

/** Binds a controller, or one handler of it, to a listener. A route without one is 404 everywhere. */
export function OnListener(listener: ListenerName): ClassDecorator & MethodDecorator {
  return RouteRulesOf({ listener });
}

const NO_LISTENER = 'none';

/**
 * Fastify's constraint strategy: a route answers on its own listener alone. The constraint is derived for every
 * request, tagged or not, and must match, so a route that names no listener is reachable through none.
 */
export const listenerConstraint = {
  name: 'listener',
  mustMatchWhenDerived: true,
  deriveConstraint: (request: IncomingMessage): string => listenerOf(request) ?? NO_LISTENER,
  validate(value: unknown): void {
    if (!listenerNames.some((name) => name === value)) throw new TypeError(`there is no listener ${String(value)}`);
  },
  storage<T>() {
    const handlers = new Map<string, T>();
    return {
      get: (listener: string): T | null => handlers.get(listener) ?? null,
      set: (listener: string, handler: T): void => void handlers.set(listener, handler),
    };
  },
};
