import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { listenerOf } from '../listeners/listener-name.js';

/**
 * One line a request when it is answered: id, listener, method, route pattern, status, milliseconds, caller. Never
 * the target itself (it can hold an OCSP request or a name), headers or bodies. What an admin does is told at `info`
 * and so is every refusal; the successes of devices and relying parties are many, and stay at `debug`.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const listener = listenerOf(request.raw);
    const level = reply.statusCode >= 400 || listener === 'admin' ? 'info' : 'debug';
    if (logger.isLevelEnabled(level)) {
      logger[level](
        {
          reqId: request.id,
          listener,
          method: request.method,
          route: request.routeOptions.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
          sub: request.principal?.sub,
        },
        'request',
      );
    }
    done();
  });
}
