import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readObject, startApp, type TestApp } from '../../test/start-app.js';
import { OnListener, Public, Roles, serveOpenApi } from '../index.js';

const Window = z
  .strictObject({ days: z.int().positive().max(30).default(10), label: z.enum(['a', 'b']).nullable() })
  .meta({ id: 'Window' });
const NewPolicy = z.strictObject({ name: z.string().min(1), window: Window, pair: z.tuple([z.string(), z.number()]) });
const Policy = z.strictObject({ id: z.string(), window: Window }).meta({ id: 'Policy' });
const Page = z.strictObject({ limit: z.coerce.number().int().positive().optional() });

@Controller('v1/policies')
@OnListener('admin')
@Roles('admin')
class Policies {
  @Post()
  @ApiCreatedResponse({ standardSchema: Policy })
  create(@Body({ schema: NewPolicy }) policy: z.infer<typeof NewPolicy>) {
    return { id: '1', window: policy.window };
  }

  @Get(':id')
  @Public()
  read(@Param('id') id: string, @Query({ schema: Page }) _page: z.infer<typeof Page>) {
    return { id };
  }
}

let running: TestApp;
let document: Record<string, unknown>;

beforeAll(async () => {
  running = await startApp([Policies], {
    prepare: (app) => serveOpenApi(app, { title: 'Test', version: '1' }),
  });
  const response = await running.fetch('/v1/openapi.json');
  document = await readObject(response);
});
afterAll(() => running.close(0));

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every object of the document with its path. */
function* nodes(value: unknown, path = '#'): Generator<[string, Members]> {
  if (typeof value !== 'object' || value === null) return;
  if (isObject(value)) yield [path, value];
  for (const [name, child] of Object.entries(value)) yield* nodes(child, `${path}/${name.replaceAll('/', '~1')}`);
}

/** The object at a path of names; empty where there is none. */
function at(...names: string[]): Members {
  let value: unknown = document;
  for (const name of names) value = isObject(value) ? value[name] : undefined;
  return isObject(value) ? value : {};
}

/** Every operation with its path. */
function* operations(): Generator<[string, Members]> {
  for (const [path, item] of Object.entries(at('paths'))) {
    for (const operation of Object.values(isObject(item) ? item : {})) {
      if (isObject(operation)) yield [path, operation];
    }
  }
}

describe('the OpenAPI document', () => {
  it('is one of 3.1, without what only 3.0 knows', () => {
    expect(document['openapi']).toMatch(/^3\.1\.\d+$/);
    expect(document['info']).toMatchObject({ title: 'Test', version: '1' });
    const onlyIn30 = [...nodes(document)].filter(
      ([, node]) =>
        typeof node['exclusiveMinimum'] === 'boolean' ||
        typeof node['exclusiveMaximum'] === 'boolean' ||
        'nullable' in node ||
        '$defs' in node ||
        '$schema' in node,
    );
    expect(onlyIn30).toEqual([]);
  });

  it('resolves every reference within itself', () => {
    const paths = new Set([...nodes(document)].map(([path]) => path));
    const references = [...nodes(document)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []));
    expect(references.length).toBeGreaterThan(3);
    for (const reference of references) expect(paths).toContain(reference);
  });

  it('has for each operation described responses, and a parameter for each part of its path', () => {
    expect([...operations()].length).toBe(2);
    for (const [path, { responses, parameters }] of operations()) {
      const described = Object.values(isObject(responses) ? responses : {});
      expect(described.length).toBeGreaterThan(0);
      for (const response of described) expect(response).toMatchObject({ description: expect.any(String) });
      const names = (Array.isArray(parameters) ? parameters : [])
        .filter((parameter) => isObject(parameter) && parameter['in'] === 'path')
        .map((parameter) => (isObject(parameter) ? parameter['name'] : undefined));
      expect(names).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    }
  });

  it('keeps what zod says: tuples, bounds, unknown fields refused', () => {
    const body = at('paths', '/v1/policies', 'post', 'requestBody', 'content', 'application/json', 'schema');
    expect(body).toMatchObject({
      additionalProperties: false,
      properties: { pair: { prefixItems: [{ type: 'string' }, { type: 'number' }] } },
    });
    const limit = { name: 'limit', in: 'query', schema: expect.objectContaining({ exclusiveMinimum: 0 }) };
    expect(at('paths', '/v1/policies/{id}', 'get')).toMatchObject({
      parameters: expect.arrayContaining([expect.objectContaining(limit)]),
    });
  });

  it('tells apart what is sent and what is answered', () => {
    expect(at('components', 'schemas')).toMatchObject({
      WindowInput: { required: ['label'] },
      Window: { required: ['days', 'label'], properties: { days: { exclusiveMinimum: 0, maximum: 30 } } },
    });
  });

  it('documents who may call, and refusals as problem+json', () => {
    const create = at('paths', '/v1/policies', 'post');
    const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    expect(create).toMatchObject({
      security: [{ accessToken: [] }],
      description: expect.stringContaining('admin'),
      responses: { '201': {}, '401': {}, '403': {}, default: { content: problem } },
    });
    expect(at('paths', '/v1/policies/{id}', 'get')).toMatchObject({ security: [] });
    expect(at('components', 'securitySchemes', 'accessToken')).toMatchObject({ scheme: 'bearer' });
  });
});
