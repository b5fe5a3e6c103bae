import type { FastifyInstance } from 'fastify';
import { listenerOf, type ListenerName } from './listener-name.js';

/**
 * Ends the connection with every refusal of a listener, whichever route it is of or none, so that its places are for those who
 * are let in. To be called before routes are added.
 */
export function closeRefused(fastify: FastifyInstance, listener: ListenerName): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode >= 400 && listenerOf(request.raw) === listener) reply.header('Connection', 'close');
    done();
  });
}
