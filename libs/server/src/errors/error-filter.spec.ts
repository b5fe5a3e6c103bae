import {
  BadRequestException,
  Body,
  Controller,
  Get,
  MethodNotAllowedException,
  Param,
  Post,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readObject, startApp, type TestApp } from '../../test/start-app.js';
import { type CodedError, OnListener, Public, renderProblemJson, renderProblemText } from '../index.js';

class WarrantError extends Error {
  readonly code = 'WARRANT_SPENT';
  readonly context = { left: 0 };
}

const Order = z.strictObject({ size: z.int().positive(), lines: z.array(z.strictObject({ name: z.string() })) });

@Controller()
@OnListener('admin')
@Public()
class Failing {
  @Get('fail/:how')
  fail(@Param('how') how: string): never {
    switch (how) {
      case 'known':
        throw new WarrantError('the warrant is spent');
      case 'unavailable':
        throw new ServiceUnavailableException('the database is away');
      case 'method':
        throw new MethodNotAllowedException();
      case 'bad':
        throw new BadRequestException('no');
      case 'system':
        throw Object.assign(new Error('connect to secret-host'), { code: 'ECONNREFUSED' });
      default:
        throw new Error('secret inside');
    }
  }

  @Get('torn')
  torn(@Res() reply: FastifyReply): never {
    reply.raw.writeHead(200, { 'Content-Type': 'text/plain' });
    reply.raw.write('half');
    throw new Error('the other half failed');
  }

  @Post('orders')
  order(@Body({ schema: Order }) order: z.infer<typeof Order>) {
    return { size: order.size };
  }
}

const describeError = (error: CodedError) =>
  error instanceof WarrantError ? { status: 409, title: 'The warrant allows no more' } : undefined;

let running: TestApp;
beforeAll(async () => {
  running = await startApp([Failing], {
    describeError,
    rendererFor: (request) => (request.url === '/fail/bad' ? renderProblemText : renderProblemJson),
  });
});
afterAll(() => running.close(0));

async function problem(path: string, init?: RequestInit) {
  const response = await running.fetch(path, init);
  const mediaType = response.headers.get('content-type');
  const members: Record<string, unknown> = await readObject(response);
  return {
    ...members,
    requestId: members['requestId'],
    headers: response.headers,
    mediaType,
    httpStatus: response.status,
  };
}

const post = (body: string, type = 'application/json') => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': type },
});

describe('a library error', () => {
  it('that the registry knows is a problem with its code, text and the request id', async () => {
    const seen = await problem('/fail/known');
    expect(seen).toMatchObject({
      httpStatus: 409,
      mediaType: 'application/problem+json',
      type: 'urn:touchmark:error:WARRANT_SPENT',
      title: 'The warrant allows no more',
      status: 409,
      code: 'WARRANT_SPENT',
      detail: 'the warrant is spent',
    });
    expect(seen.requestId).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
  });

  it.each(['unknown', 'system'])('that nobody knows tells nothing but the request id: %s', async (how) => {
    const { headers: _headers, ...seen } = await problem(`/fail/${how}`);
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(seen).toMatchObject({ httpStatus: 500, code: 'INTERNAL' });
    const line = running.log.find((one) => one['reqId'] === seen.requestId && one['err'] !== undefined);
    expect(line?.['err']).toMatchObject({ stack: expect.stringContaining('error-filter.spec') });
  });
});

describe("Nest's and Fastify's own errors", () => {
  it.each([
    ['no such route', '/absent', undefined, 404, 'NOT_FOUND'],
    ['wrong method', '/fail/method', undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['a target that cannot be decoded', '/%zz', undefined, 400, 'BAD_REQUEST'],
    ['JSON that is none', '/orders', post('{'), 400, 'BAD_REQUEST'],
    ['an empty body said to be JSON', '/orders', post(''), 400, 'BAD_REQUEST'],
    ['prototype poisoning', '/orders', post('{"__proto__":{"a":1}}'), 400, 'BAD_REQUEST'],
    ['another media type', '/orders', post('<a/>', 'text/xml'), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['a body over the limit', '/orders', post(JSON.stringify('x'.repeat(300_000))), 413, 'BODY_TOO_LARGE'],
    ['a parameter over the limit', `/fail/${'x'.repeat(2000)}`, undefined, 414, 'URI_TOO_LONG'],
  ])('are problems too: %s', async (_what, path, init, status, code) => {
    expect(await problem(path, init)).toMatchObject({
      httpStatus: status,
      mediaType: 'application/problem+json',
      status,
      code,
    });
  });

  it('say when to come back after 503', async () => {
    const seen = await problem('/fail/unavailable');
    expect(seen).toMatchObject({ httpStatus: 503, code: 'UNAVAILABLE' });
    expect(Number(seen.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('validation', () => {
  it('names every fault by its path, unknown fields by their own', async () => {
    const body = { size: 0, lines: [{ name: 'a', colour: 'red' }], more: 1 };
    const seen = await problem('/orders', post(JSON.stringify(body)));
    expect(seen).toMatchObject({ httpStatus: 400, code: 'VALIDATION_FAILED' });
    expect(seen).toHaveProperty('errors.length', 3);
    for (const path of ['lines.0.colour', 'more', 'size']) {
      expect(seen).toMatchObject({ errors: expect.arrayContaining([expect.objectContaining({ path })]) });
    }
  });
});

describe('rendering', () => {
  it('can be text for a request of another protocol', async () => {
    const response = await running.fetch('/fail/bad');
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/^BAD_REQUEST: no \(request [0-9a-f]{16}-[0-9a-z]+\)\n$/);
  });

  it('tears the connection when half of the answer is out', async () => {
    const answer = running.fetch('/torn').then((response) => response.text());
    await expect(answer).rejects.toThrow();
  });
});
