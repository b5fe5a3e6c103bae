import { createServer, type ServerResponse } from 'node:http';
import { failingChecks, type HealthChecks } from '@touchmark/server';
import type { Registry } from 'prom-client';
import { listen, type Listening } from './listen.js';

/** `GET /livez`, `/readyz` and `/metrics` in plain HTTP, on a port of their own that no device reaches. */
export async function openOperationsServer(options: {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly checks: HealthChecks;
}): Promise<Listening> {
  const { host, port, registry, checks } = options;
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const answer = async (): Promise<void> => {
      if (request.method !== 'GET') return answerJson(response, 405, { status: 'only GET' });
      switch (request.url ?? '') {
        case '/livez':
          return answerJson(response, 200, { status: 'ok' });
        case '/readyz': {
          const failing = await failingChecks(checks);
          return failing.length === 0
            ? answerJson(response, 200, { status: 'ok' })
            : answerJson(response, 503, { status: 'not ready', failing });
        }
        case '/metrics': {
          const body = await registry.metrics();
          response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(body);
          return undefined;
        }
        default:
          return answerJson(response, 404, { status: 'nothing here' });
      }
    };
    void answer().catch(() => response.destroy());
  });
  return listen(server, { name: 'operations', host, port, setting: 'TOUCHMARK_OPERATIONS_PORT' });
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
