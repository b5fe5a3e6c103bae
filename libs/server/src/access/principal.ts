import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ServerError } from '../errors/server-error.js';
import type { Role } from './role.js';

/** Who is calling, as the access token says. */
export interface Principal {
  /** The person or machine that the token was made for. */
  readonly sub: string;
  readonly roles: readonly Role[];
  /** The factory that a token with the role `factory` speaks for; absent for everyone else. */
  readonly factory?: string;
  /** The token's own id, by which it is revoked. */
  readonly jti: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** Parameter decorator: the caller of a route that names roles. */
export const Principal = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!principal) throw new ServerError('TOKEN_MISSING', {}, 'this needs an access token');
  return principal;
});

/**
 * The factory to which the caller is confined: it sees and provisions only that one's. Undefined for tokens of no
 * factory, and for an admin, who sees all whatever else the token says.
 */
export function confinedToFactory(principal: Principal): string | undefined {
  return principal.roles.includes('admin') ? undefined : principal.factory;
}
