import { Body, ConflictException, Controller, Post } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readObject, startApp, type TestApp } from '../../test/start-app.js';
import {
  Consumes,
  type IdempotencyClaim,
  IdempotencyInterceptor,
  type IdempotencyRecord,
  type IdempotencyScope,
  type IdempotencyStore,
  OnListener,
  Roles,
  SecretFields,
  type StoredAnswer,
} from '../index.js';

const NOW = 1_800_000_000;

class MemoryStore implements IdempotencyStore {
  readonly records = new Map<string, IdempotencyClaim & { answer?: StoredAnswer }>();

  async claim(claim: IdempotencyClaim): Promise<IdempotencyRecord | undefined> {
    const found = this.records.get(nameOf(claim));
    if (found && found.until > claim.at && (found.answer || found.at >= claim.abandonedBefore)) {
      return { bodyHash: found.bodyHash, answer: found.answer };
    }
    this.records.set(nameOf(claim), claim);
    return undefined;
  }

  async complete(scope: IdempotencyScope, answer: StoredAnswer): Promise<void> {
    const found = this.records.get(nameOf(scope));
    if (found) this.records.set(nameOf(scope), { ...found, answer });
  }

  async release(scope: IdempotencyScope): Promise<void> {
    this.records.delete(nameOf(scope));
  }
}

const nameOf = ({ owner, operation, key }: IdempotencyScope) => [owner, operation, key].join(' ');

let made = 0;
let gate: Promise<void> = Promise.resolve();
let failing = false;

@Controller()
@OnListener('admin')
@Roles('admin')
class Tokens {
  @Post('tokens')
  @SecretFields('token')
  async make(@Body({ schema: z.strictObject({ name: z.string(), size: z.int().optional() }) }) body: { name: string }) {
    await gate;
    if (failing) throw new ConflictException();
    made += 1;
    return { id: made, name: body.name, token: 'hunter2' };
  }

  @Post('stream')
  @Consumes('application/x-ndjson')
  stream() {
    made += 1;
    return { id: made };
  }
}

/** The token is the caller's name, and the factory after a slash. */
const verify = async (token: string) => {
  const [sub = '', factory] = token.split('/');
  return { sub, roles: ['admin' as const], jti: '1', ...(factory !== undefined && { factory }) };
};

let running: TestApp;
let store: MemoryStore;
let now = NOW;
beforeEach(async () => {
  made = 0;
  failing = false;
  gate = Promise.resolve();
  now = NOW;
  store = new MemoryStore();
  running = await startApp([Tokens], {
    tokens: () => ({ verify }),
    interceptors: () => [new IdempotencyInterceptor(store, () => now)],
  });
});
afterEach(() => running.close(0));

async function post(
  key: string | undefined,
  body: string,
  { path = '/tokens', sub = 'ada', type = 'application/json' } = {},
) {
  const headers = { Authorization: `Bearer ${sub}`, 'Content-Type': type, ...(key && { 'Idempotency-Key': key }) };
  const response = await running.fetch(path, { method: 'POST', headers, body });
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    body: await readObject(response),
  };
}

describe('Idempotency-Key', () => {
  it('gets the first answer again, without its secrets, however the body is written', async () => {
    const first = await post('k', '{"name":"a","size":1}');
    expect(first).toMatchObject({ status: 201, replayed: null, body: { id: 1, token: 'hunter2' } });
    const again = await post('k', '{ "size": 1, "name": "a" }');
    expect(again).toEqual({ status: 201, replayed: 'true', body: { id: 1, name: 'a' } });
    expect(JSON.stringify([...store.records])).not.toContain('hunter2');
  });

  it('is 409 with another body', async () => {
    await post('k', '{"name":"a"}');
    expect(await post('k', '{"name":"b"}')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    expect(made).toBe(1);
  });

  it('belongs to one caller, and each request without one is new', async () => {
    await post('k', '{"name":"a"}');
    expect((await post('k', '{"name":"a"}', { sub: 'bob' })).body['id']).toBe(2);
    await post(undefined, '{"name":"a"}');
    expect((await post(undefined, '{"name":"a"}')).body['id']).toBe(4);
  });

  it('is another one for a caller of the same name who may do something else', async () => {
    await post('k', '{"name":"a"}', { sub: 'ada/f1' });
    expect((await post('k', '{"name":"a"}', { sub: 'ada/f2' })).replayed).toBeNull();
    expect((await post('k', '{"name":"a"}', { sub: 'ada/f1' })).replayed).toBe('true');
  });

  it('is stored under a short name, however long name and target are', async () => {
    const long = { path: `/tokens?${'x'.repeat(8_000)}`, sub: 'a'.repeat(4_000) };
    await post('k', '{"name":"a"}', long);
    expect((await post('k', '{"name":"a"}', long)).replayed).toBe('true');
    expect((await post('k', '{"name":"a"}', { ...long, path: `${long.path}x` })).replayed).toBeNull();
    expect(Math.max(...[...store.records.keys()].map((name) => name.length))).toBeLessThan(600);
  });

  it('is 409 while the first request runs, and the work is done once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const first = post('k', '{"name":"a"}');
    await expect.poll(() => store.records.size).toBe(1);
    expect(await post('k', '{"name":"a"}')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_IN_PROGRESS' } });
    resolve();
    expect((await first).status).toBe(201);
    expect(made).toBe(1);
  });

  it('is free again after a refusal', async () => {
    failing = true;
    expect((await post('k', '{"name":"a"}')).status).toBe(409);
    failing = false;
    expect(await post('k', '{"name":"a"}')).toMatchObject({ status: 201, replayed: null });
  });

  it('is free again after a body that does not validate', async () => {
    expect((await post('k', '{"nmae":"a"}')).status).toBe(400);
    expect((await post('k', '{"name":"a"}')).status).toBe(201);
  });

  it('is forgotten after a day', async () => {
    await post('k', '{"name":"a"}');
    now = NOW + 24 * 3600;
    expect(await post('k', '{"name":"b"}')).toMatchObject({ status: 201, body: { id: 2 } });
  });

  it('is refused when it is no key, and means nothing to a stream', async () => {
    expect(await post('a b', '{"name":"a"}')).toMatchObject({ body: { code: 'IDEMPOTENCY_KEY_INVALID' } });
    const stream = { path: '/stream', type: 'application/x-ndjson' };
    await post('k', '', stream);
    expect((await post('k', '', stream)).body['id']).toBe(2);
  });
});
