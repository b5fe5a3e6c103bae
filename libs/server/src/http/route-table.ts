import type { FastifyInstance } from 'fastify';
import { ServerError } from '../errors/server-error.js';
import type { ListenerName } from '../listeners/listener-name.js';
import type { Access, RouteRules } from './route-rules.js';

/** One route as Fastify serves it, Nest's and plain ones alike. */
export interface RouteRecord {
  readonly method: string;
  /** Fastify's pattern: `/v1/devices/:id`. */
  readonly path: string;
  readonly listener: ListenerName | undefined;
  readonly access: Access | undefined;
  readonly rules: RouteRules;
}

const tables = new WeakMap<FastifyInstance, RouteRecord[]>();

/** Records every route registered from now on, and applies the rules that Fastify has an option for. */
export function recordRoutes(fastify: FastifyInstance): void {
  const table: RouteRecord[] = [];
  tables.set(fastify, table);
  fastify.addHook('onRoute', (route) => {
    const rules = route.config?.rules ?? {};
    if (rules.bodyLimit !== undefined) route.bodyLimit = rules.bodyLimit;
    // The constraint decides who reaches the route; the rule is only its copy for those who print it.
    const bound = route.constraints && 'listener' in route.constraints;
    for (const method of Array.isArray(route.method) ? route.method : [route.method]) {
      const listener = bound ? rules.listener : undefined;
      table.push({ method, path: route.url, listener, access: rules.access, rules });
    }
  });
}

/** Every route of the instance, in the order of registration; tests walk it without, with wrong, with right credentials. */
export function listRoutes(fastify: FastifyInstance): readonly RouteRecord[] {
  const table = tables.get(fastify);
  if (!table) throw new TypeError('not an application made by createApplication');
  return table;
}

/**
 * Refuses to start with a route that names no listener, that says neither @Roles nor @Public, or that would take a
 * bearer token on a listener which is not meant for them.
 */
export function checkRoutes(routes: readonly RouteRecord[], bearerListeners: readonly ListenerName[]): void {
  const faults = routes.flatMap((route) => {
    const fault = faultOf(route, bearerListeners);
    return fault === undefined ? [] : [`${route.method} ${route.path}: ${fault}`];
  });
  if (faults.length > 0) {
    throw new ServerError('ROUTE_UNPROTECTED', { routes: faults }, `routes without protection: ${faults.join('; ')}`);
  }
}

function faultOf({ listener, access }: RouteRecord, bearerListeners: readonly ListenerName[]): string | undefined {
  if (listener === undefined) return 'no @OnListener';
  if (access === undefined) return 'neither @Roles nor @Public';
  if (access !== 'public' && !bearerListeners.includes(listener)) return `no bearer tokens on ${listener}`;
  return undefined;
}
