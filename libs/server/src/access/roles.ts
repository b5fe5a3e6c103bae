import { RouteRulesOf } from '../http/route-rules.js';
import type { Role } from './role.js';

/** The route, or every route of the controller, needs a bearer token with one of these roles. */
export function Roles(...roles: [Role, ...Role[]]): ClassDecorator & MethodDecorator {
  return RouteRulesOf({ access: roles });
}

/** Deliberately open to everyone who reaches the listener; a device's certificate is judged inside, by the use case. */
export function Public(): ClassDecorator & MethodDecorator {
  return RouteRulesOf({ access: 'public' });
}
