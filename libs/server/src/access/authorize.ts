import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServerError } from '../errors/server-error.js';
import type { Principal } from './principal.js';
import type { Role } from './role.js';

/** Turns a bearer token into who it speaks for, or throws why not. */
export interface TokenVerifier {
  verify(token: string): Promise<Principal>;
}

/**
 * Guards every route of the instance, Nest's and plain ones alike, before a byte of the request body is read. A route
 * that does not say who may call it is refused to all (the start-up check finds it before anybody calls).
 */
export function authorizeRoutes(fastify: FastifyInstance, tokens: TokenVerifier): void {
  fastify.decorateRequest('principal', null);
  // With a callback, because a promise on every request is felt on the hot public routes.
  fastify.addHook('onRequest', (request, _reply, done) => {
    const access = request.routeOptions.config.rules?.access;
    if (request.is404 || access === 'public') {
      done();
    } else if (access === undefined) {
      const routes = [request.routeOptions.url ?? ''];
      done(new ServerError('ROUTE_UNPROTECTED', { routes }, 'the route does not say who may call it'));
    } else {
      void settle(authorize(request, access, tokens), done);
    }
  });
}

async function settle(work: Promise<void>, done: (error?: Error) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    done(error instanceof Error ? error : new Error('not an error', { cause: error }));
    return;
  }
  done();
}

async function authorize(request: FastifyRequest, roles: readonly Role[], tokens: TokenVerifier): Promise<void> {
  const principal = await tokens.verify(bearerToken(request));
  if (!principal.roles.some((role) => roles.includes(role))) {
    throw new ServerError('ROLE_MISSING', { roles }, `this needs one of the roles ${roles.join(', ')}`);
  }
  request.principal = principal;
}

/** RFC 6750 section 2.1; the scheme's case is free (RFC 9110 section 11.1). */
function bearerToken(request: FastifyRequest): string {
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw new ServerError('TOKEN_MISSING', {}, 'this needs an access token (Bearer)');
  return token;
}
