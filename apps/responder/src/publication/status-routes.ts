import { publicRoute } from '@touchmark/server';
import type { FastifyInstance } from 'fastify';
import { sendPublication } from './send-publication.js';
import type { StatusDocuments } from './status-documents.js';
import type { StatusTokens } from './status-tokens.js';

export interface StatusRoutesOptions {
  /** UTC seconds. */
  readonly now: () => number;
  /** Seconds for which HTTP caches may keep an answer. */
  readonly statusMaxAge: number;
}

const LIST_ID = /^\d{1,10}$/;

/** What the CA signed about status, over plain HTTP: Status List Tokens, the newest snapshot, the signers' certificates. */
export function statusRoutes(
  fastify: FastifyInstance,
  { tokens, documents }: { readonly tokens: StatusTokens; readonly documents: StatusDocuments },
  { now, statusMaxAge: maxAge }: StatusRoutesOptions,
): void {
  fastify.get<{ Params: { id: string } }>('/status-lists/:id', publicRoute('public'), (request, reply) => {
    const { id } = request.params;
    const found = LIST_ID.test(id) ? tokens.get(Number(id)) : undefined;
    sendPublication(request, reply, found, { contentType: 'application/statuslist+jwt', maxAge, now: now() });
  });
  fastify.get('/status/snapshot', publicRoute('public'), (request, reply) => {
    const contentType = 'application/octet-stream';
    sendPublication(request, reply, documents.snapshot(), { contentType, maxAge, now: now() });
  });
  fastify.get('/status/signers', publicRoute('public'), (request, reply) => {
    const contentType = 'application/x-pem-file';
    sendPublication(request, reply, documents.signers(), { contentType, maxAge, now: now() });
  });
}
