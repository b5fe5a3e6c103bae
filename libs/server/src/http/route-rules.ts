import { RouteConfig, RouteConstraints } from '@nestjs/platform-fastify';
import type { ListenerName } from '../listeners/listener-name.js';
import type { Role } from '../access/role.js';

/** Who may call a route: everyone, or the bearer of a token with one of the roles. */
export type Access = 'public' | readonly Role[];

/** What a route says about itself. It travels in Fastify's route config, so Nest and plain Fastify routes look alike. */
export interface RouteRules {
  readonly listener?: ListenerName;
  readonly access?: Access;
  /** Accepted request media types; application/json where a method carries a body and nothing is said. */
  readonly consumes?: readonly string[];
  /** Octets of request body, where the parser's default does not fit. */
  readonly bodyLimit?: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    rules?: RouteRules;
  }
}

type Handler = (...args: never[]) => unknown;

// Decorators of one method add up, and those of its class fill what the method left open. Nest's SetMetadata would
// overwrite, and it ignores route options on classes.
const rulesOf = new WeakMap<Handler, RouteRules>();

/** A decorator for controllers and their handlers that adds to the route's rules; the handler's own word wins. */
export function RouteRulesOf(rules: RouteRules): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (key !== undefined && descriptor !== undefined) {
      setRules(target, key, descriptor, (already) => ({ ...already, ...rules }));
      return;
    }
    if (typeof target !== 'function') throw new TypeError('for controllers and their handlers');
    const prototype: object = target.prototype;
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof member.value !== 'function') continue;
      setRules(prototype, name, member, (already) => ({ ...rules, ...already }));
    }
  };
}

function setRules(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor,
  merge: (already: RouteRules | undefined) => RouteRules,
): void {
  const handler: Handler = descriptor.value;
  const rules = merge(rulesOf.get(handler));
  rulesOf.set(handler, rules);
  RouteConfig({ rules })(target, key, descriptor);
  if (rules.listener !== undefined) RouteConstraints({ listener: rules.listener })(target, key, descriptor);
}

/** The options of a plain Fastify route that everyone may call, on one listener: hot paths go around Nest with these. */
export function publicRoute(listener: ListenerName, rules: Pick<RouteRules, 'consumes' | 'bodyLimit'> = {}) {
  return {
    constraints: { listener },
    config: { rules: { ...rules, listener, access: 'public' } satisfies RouteRules },
  };
}
