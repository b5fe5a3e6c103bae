import { X509Certificate } from 'node:crypto';
import { CaUnavailableError } from '@touchmark/ca-port';
import { forgetRefusals, insertRefusals } from '@touchmark/store';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EnrollmentService } from './enrollment-service.js';

let service: EnrollmentService;
beforeAll(async () => {
  service = await EnrollmentService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  service.call('POST', path, { body, headers });
const soon = () => service.ca.now() + 3600;

describe('models', () => {
  it('get an hwType of their own where none is given, and are found by name', async () => {
    const made = await service.make('/v1/models', { name: 'meter', organization: 'Acme' });
    const hwType = `2.25.${BigInt(`0x${made.id.replaceAll('-', '')}`)}`;
    expect(made).toMatchObject({ realm: 'devices.test', name: 'meter', hwType, organization: 'Acme' });
    expect((await service.call('GET', '/v1/models/meter')).body).toEqual(made);
  });

  it.each([
    ['an unknown field', { name: 'a', organization: 'Acme', colour: 'red' }, 'colour'],
    ['a name outside the alphabet', { name: 'A b', organization: 'Acme' }, 'name'],
    ['no organization', { name: 'a' }, 'organization'],
    ['an organization that no column can hold', { name: 'a', organization: 'A\0' }, 'organization'],
    ['an hwType that is no OID', { name: 'a', organization: 'Acme', hwType: '2.x' }, 'hwType'],
  ])('refuse %s, by its path', async (_name, body, path) => {
    const answer = await post('/v1/models', body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path }] });
  });

  it('refuse a name that is taken', async () => {
    const body = { name: 'twice', organization: 'Acme' };
    await service.make('/v1/models', body);
    expect(await post('/v1/models', body)).toMatchObject({ status: 409, body: { code: 'MODEL_EXISTS' } });
  });

  it('leave nothing behind where one of their policies is unknown', async () => {
    const answer = await post('/v1/models', { name: 'half', organization: 'Acme', policies: ['no-such'] });
    expect(answer).toMatchObject({ status: 404, body: { code: 'POLICY_UNKNOWN' } });
    expect(await service.call('GET', '/v1/models/half')).toMatchObject({
      status: 404,
      body: { code: 'MODEL_UNKNOWN' },
    });
  });

  it('are listed by name in pages that join without gap or repetition', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) await service.make('/v1/models', { name, organization: 'Acme' });
    const first = (await service.call('GET', '/v1/models?after=list&limit=2')).body;
    expect(first.items.map(({ name }: { name: string }) => name)).toEqual(['list-a', 'list-b']);
    const second = (await service.call('GET', `/v1/models?after=${first.next}&limit=1`)).body;
    expect(second.items.map(({ name }: { name: string }) => name)).toEqual(['list-c']);
  });
});

describe('enrollment policies', () => {
  it('have the defaults of the contract', async () => {
    const made = await service.make('/v1/enrollment-policies', { name: 'plain', label: 'plain' });
    expect(made).toMatchObject({
      label: 'plain',
      bootstrap: ['token', 'idevid'],
      lifetime: 30 * 86_400,
      suspendOnFork: false,
      revokeReplaced: false,
      pseudonymous: false,
      keyAlgorithm: 'EC P-256',
      models: [],
    });
  });

  it.each([
    ['shorter than an hour', { lifetime: 3599 }],
    ['longer than 398 days', { lifetime: 398 * 86_400 + 1 }],
    ['of no bootstrap', { bootstrap: [] }],
    ['labelled like an EST operation', { label: 'cacerts' }],
    ['labelled with two segments', { label: 'a/b' }],
    ['asking for an unknown key', { keyAlgorithm: 'DSA' }],
  ])('are refused when %s', async (_name, terms) => {
    const answer = await post('/v1/enrollment-policies', { name: 'bad', ...terms });
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  it('have one label each, and at most one has none', async () => {
    await service.make('/v1/enrollment-policies', { name: 'default' });
    expect(await post('/v1/enrollment-policies', { name: 'default-2' })).toMatchObject({
      body: { code: 'LABEL_TAKEN' },
    });
    await service.make('/v1/enrollment-policies', { name: 'lab-1', label: 'lab' });
    const taken = await post('/v1/enrollment-policies', { name: 'lab-2', label: 'lab' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'LABEL_TAKEN' } });
    const again = await post('/v1/enrollment-policies', { name: 'lab-1', label: 'other' });
    expect(again).toMatchObject({ status: 409, body: { code: 'POLICY_EXISTS' } });
  });

  it('let models in and out', async () => {
    await service.make('/v1/models', { name: 'in-out', organization: 'Acme' });
    await service.make('/v1/enrollment-policies', { name: 'door', label: 'door' });
    const path = '/v1/enrollment-policies/door/models/in-out';
    expect((await service.call('PUT', path)).body.models).toEqual(['in-out']);
    expect((await service.call('PUT', path)).body.models).toEqual(['in-out']);
    expect((await service.call('DELETE', path)).body.models).toEqual([]);
    expect((await service.call('PUT', '/v1/enrollment-policies/door/models/nobody')).status).toBe(404);
  });
});

describe('Idempotency-Key', () => {
  it('gives the first answer again, once made, and refuses another body', async () => {
    const key = { 'Idempotency-Key': 'factory-1' };
    const first = await post('/v1/factories', { name: 'idem' }, key);
    const second = await post('/v1/factories', { name: 'idem' }, key);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    const other = await post('/v1/factories', { name: 'idem-2' }, key);
    expect(other).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('decides a refused request anew', async () => {
    const key = { 'Idempotency-Key': 'factory-2' };
    await service.make('/v1/factories', { name: 'idem-taken' });
    for (let i = 0; i < 2; i++) expect((await post('/v1/factories', { name: 'idem-taken' }, key)).status).toBe(409);
  });

  it('lets one of many at once through', async () => {
    const key = { 'Idempotency-Key': 'factory-3' };
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await post('/v1/factories', { name: 'idem-race' }, key)).status),
    );
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect((await post('/v1/factories', { name: 'idem-race' }, key)).status).toBe(201);
  });

  it('never shows a secret twice', async () => {
    const body = { sub: 'ann', roles: ['auditor'], validUntil: soon() };
    const key = { 'Idempotency-Key': 'token-1' };
    const first = await post('/v1/access-tokens', body, key);
    const second = await post('/v1/access-tokens', body, key);
    expect(first.body.token).toMatch(/^ey/);
    expect(second.body).toEqual({ jti: first.body.jti });
  });
});

describe('access tokens', () => {
  it('work until they are revoked', async () => {
    const made = await service.make('/v1/access-tokens', { sub: 'bob', roles: ['auditor'], validUntil: soon() });
    expect((await service.call('GET', '/v1/models', { token: made.token })).status).toBe(200);
    expect((await post(`/v1/access-tokens/${made.jti}/revocation`, {})).status).toBe(204);
    const refused = await service.call('GET', '/v1/models', { token: made.token });
    expect(refused).toMatchObject({ status: 401, body: { code: 'TOKEN_REVOKED' } });
    const { items } = (await service.call('GET', '/v1/access-tokens')).body;
    const listed = items.find(({ jti }: { jti: string }) => jti === made.jti);
    expect(listed).toMatchObject({ sub: 'bob', roles: ['auditor'], revoked: true });
  });

  it('are refused that were never recorded, though the signature is ours', async () => {
    const made = await service.make('/v1/access-tokens', { sub: 'eve', roles: ['auditor'], validUntil: soon() });
    await service.ca.db.query('DELETE FROM access.issued_token WHERE jti = $1', [made.jti]);
    expect((await service.call('GET', '/v1/models', { token: made.token })).status).toBe(401);
  });

  it.each([
    ['the role factory without a factory', { roles: ['factory'] }],
    ['a factory without the role', { roles: ['auditor'], factory: 'x' }],
    ['the role factory with another one', { roles: ['factory', 'auditor'], factory: 'x' }],
    ['no role', { roles: [] }],
    ['an unknown role', { roles: ['root'] }],
  ])('are not made for %s', async (_name, terms) => {
    const answer = await post('/v1/access-tokens', { sub: 'x', validUntil: soon(), ...terms });
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  it.each([-1, 0, 399 * 86_400])('are not made to end %d seconds from now', async (seconds) => {
    const validUntil = service.ca.now() + seconds;
    const answer = await post('/v1/access-tokens', { sub: 'x', roles: ['auditor'], validUntil });
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALID_UNTIL_OUT_OF_RANGE' } });
  });
});

describe('refusals', () => {
  it('are forgotten from before the time given, and no others', async () => {
    const { db } = service.ca;
    const cause = {
      channel: 'est',
      detail: 'x',
      deviceRef: null,
      deviceSerial: null,
      batchId: null,
      source: null,
    } as const;
    await insertRefusals(db, [
      { ...cause, code: 'KEY_WEAK' },
      { ...cause, code: 'KEY_IN_USE' },
    ]);
    await db.query("UPDATE registry.refusal SET at = to_timestamp(999) WHERE code = 'KEY_WEAK'");
    await db.query("UPDATE registry.refusal SET at = to_timestamp(1000) WHERE code = 'KEY_IN_USE'");
    expect(await forgetRefusals(db, 1000)).toBe(1);
    const { items } = (await service.call('GET', '/v1/refusals')).body;
    expect(items.map(({ code }: { code: string }) => code)).toEqual(['KEY_IN_USE']);
  });
});

describe('authorities', () => {
  it('are the root and the issuing CAs, with certificates that node reads', async () => {
    const { items } = (await service.call('GET', '/v1/authorities')).body;
    expect(items.map(({ kind }: { kind: string }) => kind).toSorted()).toEqual([
      'idevid',
      'infrastructure',
      'ldevid',
      'root',
    ]);
    for (const { certificate, pem, fingerprintSha256 } of items) {
      const read = new X509Certificate(pem);
      expect(read.raw.toString('base64')).toBe(certificate);
      expect(read.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(fingerprintSha256);
    }
  });

  it('are 503 with Retry-After when the CA is away', async () => {
    service.faults.away = new CaUnavailableError(undefined);
    const answer = await service.call('GET', '/v1/authorities');
    delete service.faults.away;
    expect(answer).toMatchObject({ status: 503, body: { code: 'CA_UNAVAILABLE' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
