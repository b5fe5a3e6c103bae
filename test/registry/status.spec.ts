import { deviceRefOf } from '@touchmark/ca-port';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SweepProjection } from '../../apps/enrollment/src/projection/sweep-projection.js';
import { type Answer, EnrollmentService, makeBatch, provisionLine } from './enrollment-service.js';

const MODEL = 'status';

let service: EnrollmentService;
let batch: Answer['body'];
beforeAll(async () => {
  service = await EnrollmentService.open(inject('databaseUrl'));
  batch = await makeBatch(service, MODEL, 1_000);
});
afterAll(() => service.close());

const identity = (deviceSerial: string) => ({ realm: 'devices.test', model: MODEL, deviceSerial });
const refOf = (deviceSerial: string) => deviceRefOf(identity(deviceSerial));
const get = async (path: string) => (await service.call('GET', path)).body;
const device = (deviceSerial: string) => get(`/v1/devices/${refOf(deviceSerial)}`);
const history = async (deviceSerial: string) =>
  (await get(`/v1/devices/${refOf(deviceSerial)}/events`)).items
    .map(({ event, fromState, toState }: Record<string, string>) => `${event}: ${fromState} → ${toState}`)
    .toReversed();

async function provision(deviceSerial: string): Promise<{ certificate: Uint8Array; serialNumber: string }> {
  const [answer] = await service.provision(batch.id, [provisionLine(deviceSerial)]);
  return { certificate: Buffer.from(answer.certificate, 'base64'), serialNumber: answer.serialNumber };
}

const act = (deviceSerial: string, name: string, body: object = {}) =>
  service.call('POST', `/v1/devices/${refOf(deviceSerial)}/${name}`, { body });
const actOn = (serialNumber: string, name: string, body: object = {}) =>
  service.call('POST', `/v1/certificates/${serialNumber}/${name}`, { body });

const wanted = (deviceSerial: string) => ({
  policy: MODEL,
  model: MODEL,
  deviceSerial,
  validUntil: service.ca.now() + 3600,
});
const sweep = () => new SweepProjection(service.ca.db).run();

describe('a device', () => {
  it('goes through its whole life, each step with its position and in its history', async () => {
    const { certificate } = await provision('LIFE');
    const positions: number[] = [];
    const step = async (name: string, state: string, body: object = {}): Promise<void> => {
      const answer = await act('LIFE', name, body);
      expect(answer).toMatchObject({ status: 200, body: { epoch: 1, deviceRef: refOf('LIFE'), state } });
      positions.push(answer.body.sequence);
    };
    await step('suspension', 'suspended', { cause: 'audit' });
    await step('release', 'provisioned', { cause: 'audit' });
    await service.ca.port.confirmSeen([{ certificate, at: service.ca.now() }]);
    await step('suspension', 'suspended');
    await step('release', 'active');
    await step('retirement', 'retired');
    await step('recommissioning', 'registered');
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(await device('LIFE')).toMatchObject({ state: 'registered', generation: 2 });
    expect(await history('LIFE')).toEqual([
      'provision: null → provisioned',
      'suspend: provisioned → suspended',
      'release: suspended → provisioned',
      'suspend: provisioned → suspended',
      'release: suspended → active',
      'retire: active → retired',
      'recommission: retired → registered',
    ]);
  });

  it('stays suspended until the last cause is released', async () => {
    await provision('HOLDS');
    await act('HOLDS', 'suspension', { cause: 'a' });
    await act('HOLDS', 'suspension', { cause: 'b' });
    expect((await act('HOLDS', 'release', { cause: 'a' })).body.state).toBe('suspended');
    expect(await act('HOLDS', 'release', { cause: 'a' })).toMatchObject({
      status: 409,
      body: { code: 'NOT_SUSPENDED' },
    });
    expect((await act('HOLDS', 'release', { cause: 'b' })).body.state).toBe('provisioned');
  });

  it('revoked shows its certificates revoked, with the reason, and gets no more', async () => {
    await provision('GONE');
    const answer = await act('GONE', 'revocation', { reason: 'cessationOfOperation' });
    expect(answer.body).toMatchObject({ state: 'revoked', seatsChanged: 1 });
    const { items } = await get(`/v1/devices/${refOf('GONE')}/certificates`);
    expect(items).toMatchObject([{ status: 'revoked', reason: 'cessationOfOperation' }]);
    const [refused] = await service.provision(batch.id, [provisionLine('GONE')]);
    expect(refused.error.code).toBe('SUBJECT_CLOSED');
    expect((await get(`/v1/devices?state=revoked&model=${MODEL}`)).items).toMatchObject([{ deviceSerial: 'GONE' }]);
  });

  it.each([
    ['an unknown reason', { reason: 'bored' }],
    ['a hold as a reason', { reason: 'certificateHold' }],
    ['an unknown field', { reason: 'superseded', why: 'x' }],
    ['a date in words', { invalidityDate: '2026-01-01' }],
  ])('is not revoked for %s', async (name, body) => {
    const serial = name.replaceAll(' ', '-');
    await provision(serial);
    expect(await act(serial, 'revocation', body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect((await device(serial)).state).toBe('provisioned');
  });

  it('is revoked by a request without a body', async () => {
    await provision('BARE');
    expect(await service.call('POST', `/v1/devices/${refOf('BARE')}/revocation`)).toMatchObject({
      status: 200,
      body: { state: 'revoked' },
    });
  });

  it('that nobody knows is 404, and one that is not revoked is not recommissioned', async () => {
    expect(await act('NOBODY', 'revocation')).toMatchObject({ status: 404, body: { code: 'DEVICE_UNKNOWN' } });
    await provision('OPEN');
    expect(await act('OPEN', 'recommissioning')).toMatchObject({ status: 409, body: { code: 'SUBJECT_NOT_CLOSED' } });
  });

  it('is found by the beginning of its serial in any case, page by page', async () => {
    for (const serial of ['Find-1', 'Find-2', 'Find-3']) await provision(serial);
    const found: string[] = [];
    for (let after = ''; ;) {
      const page = await get(`/v1/devices?deviceSerialPrefix=fIND&limit=1${after}`);
      found.push(...page.items.map(({ deviceSerial }: { deviceSerial: string }) => deviceSerial));
      if (page.next === undefined) break;
      after = `&after=${page.next}`;
    }
    expect(found.toSorted()).toEqual(['Find-1', 'Find-2', 'Find-3']);
  });
});

describe('one certificate', () => {
  it('is suspended, released and revoked, and its device’s history says so', async () => {
    const { serialNumber } = await provision('ONE');
    const status = async () => (await get(`/v1/devices/${refOf('ONE')}/certificates`)).items[0].status;
    expect(await actOn(serialNumber, 'suspension')).toMatchObject({ status: 200, body: { deviceRef: refOf('ONE') } });
    expect(await status()).toBe('suspended');
    await actOn(serialNumber.toUpperCase(), 'release');
    expect(await status()).toBe('valid');
    await actOn(serialNumber, 'revocation', { reason: 'superseded' });
    expect(await status()).toBe('revoked');
    expect((await device('ONE')).state).toBe('provisioned');
    expect((await history('ONE')).slice(1)).toEqual([
      'certificate-suspend: provisioned → provisioned',
      'certificate-release: provisioned → provisioned',
      'certificate-revoke: provisioned → provisioned',
    ]);
  });

  it('compromised suspends its device', async () => {
    const { serialNumber } = await provision('LEAK');
    const answer = await actOn(serialNumber, 'revocation', { reason: 'keyCompromise' });
    expect(answer.body.state).toBe('suspended');
    expect((await device('LEAK')).state).toBe('suspended');
  });

  it.each(['54', '00'.repeat(16), `54${'00'.repeat(15)}`, 'ff'.repeat(20)])(
    'never issued, %s, is 404',
    async (serial) => {
      expect(await actOn(serial, 'revocation')).toMatchObject({ status: 404, body: { code: 'CERTIFICATE_UNKNOWN' } });
    },
  );

  it.each(['5', 'zz', '00'.repeat(21)])('is not named by %s', async (serial) => {
    expect(await actOn(serial, 'revocation')).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });
});

describe('enrollment tokens', () => {
  it('register their device and show their secret once', async () => {
    const made = await service.make('/v1/enrollment-tokens', wanted('TOK-1'));
    expect(Buffer.from(made.secret, 'base64url')).toHaveLength(32);
    const shown = await get(`/v1/enrollment-tokens/${made.id}`);
    expect(shown).toMatchObject({ deviceSerial: 'TOK-1', deviceRef: refOf('TOK-1'), used: false, revoked: false });
    expect(shown).not.toHaveProperty('secret');
    expect(await device('TOK-1')).toMatchObject({ state: 'registered' });
    expect(await history('TOK-1')).toEqual(['register: null → registered']);
    const rows = await service.ca.db.query('SELECT * FROM registry.enrollment_token');
    expect(JSON.stringify(rows)).not.toContain(made.secret);
  });

  it('are revoked, twice without harm', async () => {
    const { id } = await service.make('/v1/enrollment-tokens', wanted('TOK-2'));
    for (let i = 0; i < 2; i++) {
      const answer = await service.call('POST', `/v1/enrollment-tokens/${id}/revocation`, { body: {} });
      expect(answer).toMatchObject({ status: 200, body: { id, revoked: true } });
    }
  });

  it('are not made for a serial in another spelling, a strange model or a day in the past', async () => {
    await service.make('/v1/enrollment-tokens', wanted('Spell'));
    const make = (body: object) => service.call('POST', '/v1/enrollment-tokens', { body });
    expect((await make(wanted('SPELL'))).body.code).toBe('DEVICE_SERIAL_CASE_CONFLICT');
    await service.make('/v1/models', { name: 'alien', organization: 'Acme' });
    expect((await make({ ...wanted('TOK-3'), model: 'alien' })).body.code).toBe('MODEL_NOT_ALLOWED');
    expect((await make({ ...wanted('TOK-3'), validUntil: 1 })).body.code).toBe('VALID_UNTIL_OUT_OF_RANGE');
    expect((await make({ ...wanted('..') })).body.code).toBe('VALIDATION_FAILED');
    expect((await service.call('GET', `/v1/devices/${refOf('TOK-3')}`)).status).toBe(404);
  });

  it('are not made under a policy that takes none, and leave no device when the CA refuses', async () => {
    const policy = { name: 'idevid-only', label: 'idevid-only', bootstrap: ['idevid'], models: [MODEL] };
    await service.make('/v1/enrollment-policies', policy);
    const body = { ...wanted('TOK-4'), policy: 'idevid-only' };
    const answer = await service.call('POST', '/v1/enrollment-tokens', { body });
    expect(answer).toMatchObject({ status: 409, body: { code: 'BOOTSTRAP_NOT_ALLOWED' } });
  });
});

describe('the sweep', () => {
  it('adds devices whose line died between the CA’s commit and ours', async () => {
    await provision('LOST');
    await service.ca.db.query('DELETE FROM registry.device WHERE device_ref = $1', [refOf('LOST')]);
    expect((await sweep()).repaired).toBeGreaterThan(0);
    const [row] = await service.ca.db.query('SELECT state FROM registry.device WHERE device_ref = $1', [refOf('LOST')]);
    expect(row).toEqual({ state: 'provisioned' });
  });

  it('brings a device up to what the CA did behind our back, and finds nothing the second time', async () => {
    await provision('STALE');
    const target = { kind: 'device', identity: identity('STALE') } as const;
    await service.ca.port.changeStatus([{ act: 'revoke', target, reason: 'unspecified' }]);
    expect((await device('STALE')).state).toBe('provisioned');
    await sweep();
    expect((await device('STALE')).state).toBe('revoked');
    expect((await history('STALE')).at(-1)).toBe('repair: provisioned → revoked');
    expect((await sweep()).repaired).toBe(0);
  });

  it('looks only at what changed since the last one, but for a margin', async () => {
    await sweep();
    await service.ca.db.query(`UPDATE ca.subject SET changed_at = now() - interval '1 hour'`);
    await provision('FRESH');
    expect((await sweep()).compared).toBe(1);
  });

  it('is not needed to read or revoke a device that only the CA knows', async () => {
    await provision('UNREAD');
    await service.ca.db.query('DELETE FROM registry.device WHERE device_ref = $1', [refOf('UNREAD')]);
    expect((await act('UNREAD', 'revocation')).body.state).toBe('revoked');
  });
});
