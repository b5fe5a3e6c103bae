import { peerCertificates } from '@touchmark/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { EnrollmentError } from '../enrollment-error.js';
import type { AuthenticateGateway, Gateway } from './authenticate-gateway.js';

const PREFIX = '/v1/gateways/self/';
const known = new WeakMap<FastifyRequest, Gateway>();

/** The gateway that `guardGatewayRoutes` found to be the caller. */
export function gatewayOf(request: FastifyRequest): Gateway {
  const gateway = known.get(request);
  if (gateway === undefined) throw new TypeError('the route is not guarded');
  return gateway;
}

/**
 * Judges who calls the routes for gateways, and whether it comes too often, before an octet of a body is read. To be called before
 * the instance is ready.
 */
export function guardGatewayRoutes(
  fastify: FastifyInstance,
  authenticate: Pick<AuthenticateGateway, 'run'>,
  limiter: Pick<RateLimiterAbstract, 'consume'>,
): void {
  const judge = async (request: FastifyRequest): Promise<void> => {
    const gateway = await authenticate.run(peerCertificates(request));
    await admit(limiter, gateway.name);
    known.set(request, gateway);
  };
  // with a callback, because a promise on every request is felt on the hot routes of devices
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.is404 || request.routeOptions.url?.startsWith(PREFIX) !== true) {
      done();
      return;
    }
    void settle(judge(request), done);
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

async function admit(limiter: Pick<RateLimiterAbstract, 'consume'>, name: string): Promise<void> {
  try {
    await limiter.consume(name);
  } catch (cause) {
    if (!(cause instanceof RateLimiterRes)) throw cause;
    throw new EnrollmentError('GATEWAY_RATE_LIMITED', {}, 'this gateway comes too often');
  }
}
