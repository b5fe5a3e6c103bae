import { Controller, Get } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { onFreePort, startApp, type TestApp } from '../../test/start-app.js';
import { fastifyOf, OnListener, Public, publicRoute, ServerError } from '../index.js';

@Controller()
@Public()
class Places {
  @Get('both')
  @OnListener('admin')
  admin() {
    return { at: 'admin' };
  }

  @Get('only-public')
  @OnListener('public')
  public() {
    return { at: 'public' };
  }
}

@Controller()
@Public()
class Nowhere {
  @Get('nowhere')
  nowhere() {
    return {};
  }
}

@Controller()
@OnListener('admin')
class Unsaid {
  @Get('unsaid')
  unsaid() {
    return {};
  }
}

let running: TestApp | undefined;
afterEach(async () => {
  await running?.close(0);
  running = undefined;
});

describe('a route bound to one listener', () => {
  it('answers there and is 404 on the others', async () => {
    running = await startApp([Places]);
    expect((await running.fetch('/both')).status).toBe(200);
    expect((await running.fetch('/both', { listener: 'public' })).status).toBe(404);
    expect((await running.fetch('/only-public', { listener: 'public' })).status).toBe(200);
    expect((await running.fetch('/only-public')).status).toBe(404);
  });

  it('holds for plain Fastify routes, and two listeners may have the same path', async () => {
    running = await startApp([Places], {
      prepare: (app) => {
        fastifyOf(app).get('/both', publicRoute('public'), (_request, reply) => reply.send({ at: 'plain' }));
      },
    });
    expect(await (await running.fetch('/both')).json()).toEqual({ at: 'admin' });
    expect(await (await running.fetch('/both', { listener: 'public' })).json()).toEqual({ at: 'plain' });
  });

  it('is 404 for a request that came through no listener', async () => {
    running = await startApp([Places]);
    expect((await fastifyOf(running.app).inject('/both')).statusCode).toBe(404);
  });
});

describe('a route that says too little', () => {
  it.each([
    ['no listener', Nowhere],
    ['no access', Unsaid],
  ])('keeps the process from starting: %s', async (_what, controller) => {
    await expect(startApp([Places, controller])).rejects.toMatchObject({ code: 'ROUTE_UNPROTECTED' });
  });

  it('keeps the process from starting when it is a plain one', async () => {
    const started = startApp([Places], {
      prepare: (app) => {
        fastifyOf(app).get('/plain', (_request, reply) => reply.send({}));
      },
    });
    await expect(started).rejects.toMatchObject({ code: 'ROUTE_UNPROTECTED' });
  });
});

describe('a taken port', () => {
  it('is named with its setting, and no other port stays open', async () => {
    const taken = await listening();
    const free = await listening();
    const first = portOf(free);
    const port = portOf(taken);
    await new Promise((resolve) => free.close(resolve));

    const error: unknown = await startApp([Places], {
      listeners: [onFreePort('admin', { port: first }), onFreePort('public', { port })],
    }).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({
      code: 'PORT_IN_USE',
      context: { listener: 'public', port, setting: 'TOUCHMARK_PUBLIC_PORT' },
    });
    (await listening(first)).close();
    taken.close();
  });
});

async function listening(port = 0): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not on a port');
  return address.port;
}
