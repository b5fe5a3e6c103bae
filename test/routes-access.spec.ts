import { fastifyOf, listRoutes, type Role, ROLES } from '@touchmark/server';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EnrollmentService, makeBatch } from './registry/enrollment-service.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly roles: readonly Role[] | 'public';
}

/** Who may do what. Written by hand: a role that a route gains or loses by mistake differs from it. */
const READERS = ['admin', 'security-admin', 'auditor'] as const;
const GUARDS = ['admin', 'security-admin'] as const;
const EXPECTED: Readonly<Record<string, readonly Role[]>> = {
  'GET /v1/models': READERS,
  'POST /v1/models': ['admin'],
  'GET /v1/models/{name}': READERS,
  'GET /v1/enrollment-policies': READERS,
  'POST /v1/enrollment-policies': ['admin'],
  'GET /v1/enrollment-policies/{name}': READERS,
  'PUT /v1/enrollment-policies/{name}/models/{model}': ['admin'],
  'DELETE /v1/enrollment-policies/{name}/models/{model}': ['admin'],
  'GET /v1/factories': READERS,
  'POST /v1/factories': ['admin'],
  'GET /v1/factories/{name}': READERS,
  'GET /v1/devices': READERS,
  'GET /v1/devices/{deviceRef}': READERS,
  'GET /v1/devices/{deviceRef}/events': READERS,
  'GET /v1/devices/{deviceRef}/certificates': READERS,
  'GET /v1/refusals': READERS,
  'POST /v1/devices/{deviceRef}/suspension': GUARDS,
  'POST /v1/devices/{deviceRef}/release': GUARDS,
  'POST /v1/devices/{deviceRef}/revocation': GUARDS,
  'POST /v1/devices/{deviceRef}/retirement': GUARDS,
  'POST /v1/devices/{deviceRef}/recommissioning': GUARDS,
  'POST /v1/certificates/{serialNumber}/suspension': GUARDS,
  'POST /v1/certificates/{serialNumber}/release': GUARDS,
  'POST /v1/certificates/{serialNumber}/revocation': GUARDS,
  'GET /v1/batches': [...READERS, 'factory'],
  'POST /v1/batches': ['admin'],
  'GET /v1/batches/{id}': [...READERS, 'factory'],
  'GET /v1/batches/{id}/refusals': [...READERS, 'factory'],
  'POST /v1/batches/{id}/requests': ['admin', 'factory'],
  'GET /v1/enrollment-tokens': READERS,
  'POST /v1/enrollment-tokens': ['admin'],
  'GET /v1/enrollment-tokens/{id}': READERS,
  'POST /v1/enrollment-tokens/{id}/revocation': GUARDS,
  'GET /v1/access-tokens': ['admin', 'auditor'],
  'POST /v1/access-tokens': ['admin'],
  'POST /v1/access-tokens/{jti}/revocation': ['admin'],
  'GET /v1/authorities': ROLES,
};

/** On the device listener, for who has a gateway's certificate; test/gateway-endpoints.spec.ts tries which. */
const FOR_GATEWAYS = ['POST /v1/gateways/self/sightings', 'POST /v1/gateways/self/certificate'];

let service: EnrollmentService;
let operations: Operation[];
let forGateways: Operation[];
let document: Awaited<ReturnType<EnrollmentService['call']>>['body'];
beforeAll(async () => {
  service = await EnrollmentService.open(inject('databaseUrl'));
  await makeBatch(service, 'access');
  document = (await service.call('GET', '/v1/openapi.json', { token: null })).body;
  const all: Operation[] = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.entries<{ description?: string; security: unknown[] }>({ ...item }).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      roles: operation.security.length === 0 ? 'public' : rolesOf(operation.description ?? ''),
    })),
  );
  forGateways = all.filter((operation) => operation.path.startsWith('/v1/gateways/'));
  operations = all.filter((operation) => !forGateways.includes(operation));
});
afterAll(() => service.close());

const rolesOf = (description: string): Role[] => {
  const named = /Roles: ([a-z, -]+)\./.exec(description)?.[1]?.split(', ') ?? [];
  return ROLES.filter((role) => named.includes(role));
};

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;

const tokenOf = (role: Role) => service.token([role], role === 'factory' ? 'access' : undefined);

/** The request with nothing in it that could do harm, sent with a token, garbage, or nothing. */
async function statusOf({ method, path }: Operation, token: string | null, base = service.url): Promise<number> {
  const nothing = '018f0000-0000-7000-8000-000000000001';
  const url = path
    .replace('{serialNumber}', '54')
    .replaceAll(/\{(name|model)\}/g, 'none')
    .replaceAll(/\{\w+\}/g, nothing);
  const stream = path.endsWith('/requests');
  const response = await fetch(base + url, {
    method,
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(method === 'POST' && { 'Content-Type': stream ? 'application/x-ndjson' : 'application/json' }),
    },
    ...(method === 'POST' && { body: stream ? '\n' : '{"unknown":1}' }),
  });
  await response.arrayBuffer();
  return response.status;
}

describe('the routes of the API', () => {
  it('are just those that are expected here', () => {
    expect(operations.map(nameOf).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
    expect(forGateways.map(nameOf).toSorted()).toEqual(FOR_GATEWAYS.toSorted());
  });

  it('are all in the document that are served, besides the document', () => {
    const served = listRoutes(fastifyOf(service.app))
      .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => route !== 'GET /v1/openapi.json');
    expect(served.toSorted()).toEqual([...Object.keys(EXPECTED), ...FOR_GATEWAYS].toSorted());
  });

  it('name the roles that are expected here', () => {
    const named = Object.fromEntries(operations.map((operation) => [nameOf(operation), operation.roles]));
    const expected = Object.entries(EXPECTED).map(([name, roles]) => [
      name,
      ROLES.filter((role) => roles.includes(role)),
    ]);
    expect(named).toEqual(Object.fromEntries(expected));
  });

  it.each([
    ['without a token', null],
    ['with a token that is none', 'ey.ey.ey'],
  ])('answer 401 %s', async (_name, token) => {
    expect(await otherThan((status) => status === 401, token)).toEqual([]);
  });

  it.each(ROLES)('answer %s 403 where its role is not named, and something else where it is', async (role) => {
    const isRight = (status: number, name: string): boolean =>
      EXPECTED[name]?.includes(role) ? status !== 401 && status !== 403 : status === 403;
    expect(await otherThan(isRight, await tokenOf(role))).toEqual([]);
  });

  it('for gateways are not there for admins, and no token opens them where they are', async () => {
    for (const operation of forGateways) {
      for (const role of [null, ...ROLES]) {
        const token = role && (await tokenOf(role));
        expect(await statusOf(operation, token)).toBe(404);
        expect(await statusOf(operation, token, service.deviceUrl)).toBe(401);
      }
    }
  });

  it('never fail on a request with nothing in it', async () => {
    expect(await otherThan((status) => status < 500, await tokenOf('admin'))).toEqual([]);
  });
});

/** Calls every route with the token; the routes whose answer is not right, with it. */
async function otherThan(
  isRight: (status: number, name: string) => boolean,
  token: string | null,
): Promise<[string, number][]> {
  const wrong: [string, number][] = [];
  for (const operation of operations) {
    const status = await statusOf(operation, token);
    if (!isRight(status, nameOf(operation))) wrong.push([nameOf(operation), status]);
  }
  return wrong;
}

describe('the OpenAPI document', () => {
  it('is one of 3.1 whose references resolve', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });

  it('says of every request body that unknown members are refused', () => {
    const bodies = Object.values<Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>(
      document.paths,
    ).flatMap((item) => Object.values(item).flatMap(({ requestBody }) => Object.values(requestBody?.content ?? {})));
    expect(bodies.length).toBeGreaterThan(10);
    for (const { schema } of bodies) {
      const name = '$ref' in schema ? String(schema.$ref).split('/').at(-1) : undefined;
      const found = name === undefined ? schema : document.components.schemas[name];
      expect(found).toMatchObject({ additionalProperties: false });
    }
  });
});
