import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { listenError } from '../listeners/listen-error.js';
import { failingChecks, type HealthChecks, keptForAMoment } from './health.js';

export interface HealthPortOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that changes the port, for an error's text. */
  readonly setting: string;
  readonly checks: HealthChecks;
  readonly metrics: Registry;
}

export interface HealthPort {
  readonly url: string;
  close(): Promise<void>;
}

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/**
 * `/livez`, `/readyz` and `/metrics` over plain HTTP with no token, for a process that serves no HTTP of its own or no admins. It
 * belongs on a loopback address or a network of the operator's alone. Throws PORT_IN_USE, LISTEN_FAILED.
 */
export async function openHealthPort(options: HealthPortOptions): Promise<HealthPort> {
  const { host, port, checks, metrics } = options;
  const failing = keptForAMoment(() => failingChecks(checks));
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(request, response, failing, metrics).catch(() => response.destroy());
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, 'health', options)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listening on something else than a port');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  failing: () => Promise<string[]>,
  metrics: Registry,
): Promise<void> {
  const path = request.method === 'GET' || request.method === 'HEAD' ? request.url : undefined;
  if (path === '/metrics') {
    const text = await metrics.metrics();
    response.writeHead(200, { ...HEADERS, 'Content-Type': metrics.contentType }).end(text);
    return;
  }
  if (path !== '/livez' && path !== '/readyz') {
    response.writeHead(404, HEADERS).end();
    return;
  }
  const names = path === '/readyz' ? await failing() : [];
  const body = names.length === 0 ? { status: 'ok' } : { status: 'failing', failing: names };
  const type = { 'Content-Type': 'application/json' };
  response.writeHead(names.length === 0 ? 200 : 503, { ...HEADERS, ...type }).end(JSON.stringify(body));
}
