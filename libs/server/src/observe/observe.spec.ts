import { Controller, Get, Post } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../test/start-app.js';
import {
  createLogger,
  createMetricsRegistry,
  failingChecks,
  fastifyOf,
  healthModule,
  measureHandshakes,
  measureRequests,
  metricsModule,
  NestLogger,
  OnListener,
  Public,
} from '../index.js';

let running: TestApp | undefined;
afterEach(async () => {
  await running?.close(0);
  running = undefined;
});

const clock = { now: () => 1_800_000_000, nowMs: () => 1_800_000_000_123 };

function logger(format: 'json' | 'text') {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, log: createLogger({ level: 'debug', format, clock, destination: { write } }) };
}

@Controller()
@OnListener('public')
@Public()
class Things {
  @Get('things/:id')
  thing() {
    return {};
  }

  @Post('things')
  fail() {
    throw new Error('broken');
  }
}

describe('createLogger', () => {
  it('writes one JSON object a line with the given time, and never a secret', () => {
    const { log, lines } = logger('json');
    log.info({ token: 'hunter2', request: { authorization: 'hunter2', csr: 'hunter2' }, size: 1 }, 'hello');
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ time: clock.nowMs(), msg: 'hello', size: 1, token: '[redacted]' });
    expect(lines.join('')).not.toContain('hunter2');
  });

  it('writes of an error its class, code, stack and cause, and none of its other members', () => {
    const { log, lines } = logger('json');
    const cause = Object.assign(new Error('inner'), { parameters: ['hunter2'] });
    log.error({ err: Object.assign(new Error('outer', { cause }), { code: 'X', detail: 'hunter2' }) }, 'failed');
    const { err } = JSON.parse(lines[0] ?? '');
    expect(err).toMatchObject({ code: 'X', message: 'outer', cause: { message: 'inner' } });
    expect(lines[0]).not.toContain('hunter2');
  });

  it('writes one line for a person, and below it an error’s stack', () => {
    const { log, lines } = logger('text');
    log.warn({ context: 'Jobs', left: 3, err: new Error('oh') }, 'slow');
    expect(lines[0]).toMatch(/^08:00:00\.123 WARN {2}\[Jobs\] slow left=3\nError: oh\n +at /);
  });

  it('takes Nest’s own lines, and keeps its commentary on start-up for debugging', () => {
    const { log, lines } = logger('json');
    const nest = new NestLogger(log);
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.error(new Error('bad'), 'Somewhere');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 20, context: 'RouterExplorer' });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ level: 50, msg: 'bad', err: { message: 'bad' } });
  });
});

describe('the request log', () => {
  it('has a line with pattern and id, and neither target, query nor headers', async () => {
    running = await startApp([Things]);
    const headers = { Authorization: 'Bearer hunter2' };
    await running.fetch('/things/hunter2?token=hunter2', { listener: 'public', headers });
    await expect
      .poll(() => running?.log.find((line) => line['msg'] === 'request'))
      .toMatchObject({
        listener: 'public',
        method: 'GET',
        route: '/things/:id',
        status: 200,
        reqId: expect.stringMatching(/^[0-9a-f]{16}-[0-9a-z]+$/),
      });
    expect(JSON.stringify(running.log)).not.toContain('hunter2');
  });
});

describe('health', () => {
  it('is alive always, and ready when every check passes', async () => {
    let up = true;
    const checks = {
      useFactory: () => ({
        clock: async () => undefined,
        database: async () => {
          if (!up) throw new Error('secret reason');
        },
      }),
    };
    running = await startApp([], { imports: [healthModule({ listener: 'public', checks })] });
    const get = (path: string) => running?.fetch(path, { listener: 'public' });
    expect((await get('/readyz'))?.status).toBe(200);
    up = false;
    // the last result is kept for a second
    await expect.poll(async () => (await get('/readyz'))?.status, { timeout: 5_000 }).toBe(503);
    const answer = await get('/readyz');
    expect(answer?.headers.get('retry-after')).not.toBeNull();
    const text = await answer?.text();
    expect(JSON.parse(text ?? '')).toMatchObject({ code: 'NOT_READY' });
    expect(text).toContain('database');
    expect(text).not.toContain('secret');
    expect((await get('/livez'))?.status).toBe(200);
    expect((await running.fetch('/livez')).status).toBe(404);
  });

  it('checks once for all who ask at the same time', async () => {
    let checked = 0;
    const checks = { useFactory: () => ({ database: async () => void (checked += 1) }) };
    running = await startApp([], { imports: [healthModule({ listener: 'public', checks })] });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => running?.fetch('/readyz', { listener: 'public' })),
    );
    expect(answers.map((answer) => answer?.status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(checked).toBeLessThan(5);
  });

  it('takes a check that does not come back for failing', async () => {
    const stop = new AbortController();
    const checks = { stuck: () => wait(60_000, undefined, { signal: stop.signal }), fine: async () => 1 };
    expect(await failingChecks(checks)).toEqual(['stuck']);
    stop.abort();
  });
});

describe('metrics', () => {
  it('count requests by pattern, and are for auditors on the admin listener', async () => {
    const registry = createMetricsRegistry();
    const tokens = { verify: async () => ({ sub: 'scraper', roles: ['auditor' as const], jti: '1' }) };
    running = await startApp([Things], {
      imports: [metricsModule(registry)],
      tokens: () => tokens,
      prepare: (app) => measureRequests(fastifyOf(app), registry),
    });
    measureHandshakes(running.listeners, registry);
    await running.fetch('/things/1', { listener: 'public' });
    expect((await running.fetch('/metrics')).status).toBe(401);
    expect((await running.fetch('/metrics', { listener: 'public' })).status).toBe(404);
    const scrape = async () => {
      const response = await running?.fetch('/metrics', { headers: { Authorization: 'Bearer x' } });
      return response?.text();
    };
    await expect
      .poll(scrape)
      .toMatch(/request_duration_seconds_count\{listener="public",route="\/things\/:id",method="GET",status="200"\} 1/);
    expect(await scrape()).toContain('touchmark_tls_handshakes_refused_total{listener="admin"} 0');
  });
});
