import { publicRoute } from '@touchmark/server';
import type { FastifyInstance } from 'fastify';
import type { Feed } from './feed.js';

const JSON_TYPE = /(^|,)\s*application\/json\s*(;|,|$)/i;

/** The feed as a plain Fastify route. `public` in its rules means that no access token is asked for: the certificate decides. */
export function feedRoutes(fastify: FastifyInstance, feed: Feed): void {
  fastify.get('/status/feed', { ...publicRoute('gateway'), exposeHeadRoute: false }, (request, reply) => {
    reply.hijack();
    const { accept, 'last-event-id': lastEventId } = request.headers;
    void feed.answer(request.raw, reply.raw, {
      requestId: request.id,
      query: request.query,
      lastEventId: Array.isArray(lastEventId) ? lastEventId.join() : lastEventId,
      asJson: JSON_TYPE.test(accept ?? ''),
    });
  });
}
