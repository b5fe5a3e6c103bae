import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Upstream, type UpstreamFault, type UpstreamOptions } from './upstream.js';

const servers: Server[] = [];
const upstreams: Upstream[] = [];
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) upstream.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** A server in front of another one, with no TLS and no policy between. */
async function setup(behind: Server, options: Partial<UpstreamOptions> = {}, maxBody?: number) {
  const world = { faults: [] as UpstreamFault[], reached: [] as string[] };
  behind.on('request', ({ method, url }: IncomingMessage) => world.reached.push(`${method} ${url}`));
  const upstream = new Upstream({
    url: `http://127.0.0.1:${await listen(behind)}`,
    timeout: 60_000,
    bodyTimeout: 60_000,
    maxConnections: 10,
    tls: {},
    ...options,
  });
  upstreams.push(upstream);
  const front = createServer((request, response) => {
    const headers = { host: 'a', 'content-length': maxBody === undefined ? '0' : request.headers['content-length'] };
    const onFault = (fault: UpstreamFault): void => {
      world.faults.push(fault);
      response.shouldKeepAlive = false;
      response.writeHead(500).end(fault);
    };
    void upstream.forward(request, response, { target: request.url ?? '', headers, onFault }, maxBody);
  });
  front.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const headers = { host: 'a', connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'k' };
    const onFault = (fault: UpstreamFault): void => {
      world.faults.push(fault);
      socket.destroy();
    };
    void upstream.upgrade(request, socket, head, { target: request.url ?? '', headers, onFault });
  });
  const port = await listen(front);
  /** A connection, and what came back on it. */
  const send = async (octets: string) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const got = { socket, text: '' };
    socket.on('error', () => undefined).on('data', (chunk) => (got.text += String(chunk)));
    await once(socket, 'connect');
    socket.write(octets);
    return got;
  };
  return { world, send };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('Upstream', () => {
  it('hands no body on where the request has none by its fields, whatever its parser found', async () => {
    const { world, send } = await setup(createServer((request, response) => void request.resume().pipe(response)));
    const inner = get('/admin');
    // the front hands on `content-length: 0`, as where a parser has left out the field that it went by itself
    const answer = await send(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
    await expect.poll(() => answer.text).toMatch(/^HTTP\/1\.1 200 /);
    answer.socket.write(get('/b'));
    await expect.poll(() => world.reached.length).toBeGreaterThan(1);
    expect(world.reached).toEqual(['POST /a', 'GET /b']);
    answer.socket.destroy();
  });

  it('ends one that waits for a connection too long, and never sends it', async () => {
    const hanging: ServerResponse[] = [];
    const behind = createServer((_request, response) => {
      hanging.push(response);
      response.write('first');
    });
    const { world, send } = await setup(behind, { maxConnections: 1, timeout: 200 });
    const first = await send(get('/first'));
    await expect.poll(() => first.text).toContain('first');
    const second = await send(get('/second'));
    await expect.poll(() => second.text).toContain('UPSTREAM_TIMEOUT');
    for (const response of hanging) response.end();
    await expect.poll(() => first.text).toMatch(/0\r\n\r\n$/);
    const third = await send(get('/third'));
    await expect.poll(() => third.text).toContain('first');
    expect(world).toEqual({ faults: ['UPSTREAM_TIMEOUT'], reached: ['GET /first', 'GET /third'] });
  });

  it('ends a WebSocket whose upstream does not answer', async () => {
    const behind = createServer();
    const ended = new Promise<void>((resolve) => {
      behind.on('upgrade', (_request, socket) => {
        socket.on('error', () => undefined).once('close', () => resolve());
        socket.resume().once('end', () => socket.destroy());
      });
    });
    const { world, send } = await setup(behind, { timeout: 200 });
    const { socket } = await send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'close');
    await ended;
    expect(world.faults).toEqual(['UPSTREAM_TIMEOUT']);
  });

  it('ends a body that drips', async () => {
    const behind = createServer((request, response) => void request.resume().once('end', () => response.end()));
    const { world, send } = await setup(behind, { timeout: 200, bodyTimeout: 500 }, 1_000);
    const { socket } = await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 20);
    await once(socket, 'close');
    clearInterval(drip);
    expect(world.faults).toEqual(['BODY_TOO_SLOW']);
  });

  it('hands on a long body for longer than an answer may take to begin', async () => {
    const behind = createServer((request, response) => void request.resume().once('end', () => response.end('whole')));
    const { world, send } = await setup(behind, { timeout: 400 }, 1_000);
    const got = await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n');
    let left = 40;
    const drip = setInterval(() => {
      if (left-- > 0) got.socket.write('x');
    }, 20);
    await expect.poll(() => got.text, { timeout: 5_000 }).toContain('whole');
    clearInterval(drip);
    expect(world.faults).toEqual([]);
    got.socket.destroy();
  });

  it('hands on no word of an upstream about certificates, nor where it refuses a WebSocket', async () => {
    const behind = createServer();
    behind.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nClient-Cert: :bGllcw==:\r\nX-Own: kept\r\nContent-Length: 2\r\n\r\nno'),
    );
    const { send } = await setup(behind);
    const got = await send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(got.socket, 'close');
    expect(got.text).toMatch(/^HTTP\/1\.1 403 /);
    expect(got.text.toLowerCase()).toContain('x-own: kept');
    expect(got.text.toLowerCase()).not.toContain('client-cert');
  });
});
