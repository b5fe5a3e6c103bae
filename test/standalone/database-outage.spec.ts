import { deviceRefOf } from '@touchmark/ca-port';
import { EstClient, makeTestRequest } from '@touchmark/testkit';
import { findRevoked, parseCertificate } from '@touchmark/x509';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { responderSettings } from '../../apps/responder/src/responder-settings.js';
import { provision } from '../fixture/batch-client.js';
import { startTestService, type TestService } from '../fixture/service.js';
import { StatusClient } from '../fixture/status-client.js';
import { TcpProxy } from '../fixture/tcp-proxy.js';

const ALLOWED_LAG = 3;
const MODEL = 'demo-sensor';

let proxy: TcpProxy;
let service: TestService;
let status: StatusClient;
let est: EstClient;
/** Past the proxy. */
let direct: Client;
let batchId: string;

afterEach(async () => {
  // where a test failed in the middle of its outage
  if (!proxy.isOpen) await proxy.restore();
});
beforeAll(async () => {
  proxy = await TcpProxy.open(inject('databaseUrl'));
  const responder = { allowedLag: ALLOWED_LAG, ocspCacheSize: 100 };
  service = await startTestService(proxy.through(inject('databaseUrl')), {
    responder: responderSettings.parse(responder),
  });
  status = new StatusClient(service.urls.public);
  est = new EstClient({ url: `${service.urls.device}/.well-known/est`, ca: service.admin.ca });
  const url = new URL(inject('databaseUrl'));
  url.pathname = new URL(service.databaseUrl).pathname;
  direct = new Client({ connectionString: url.href });
  await direct.connect();
  const validUntil = inAnHour();
  const batch = { factory: 'demo-factory', model: MODEL, policy: 'default', size: 1_000, validUntil };
  batchId = (await service.admin.post('/v1/batches', batch)).body.id;
});
afterAll(async () => {
  await direct?.end();
  await service?.close();
  await proxy?.close();
});

const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;
const refOf = (deviceSerial: string): string => deviceRefOf({ realm: 'devices.local', model: MODEL, deviceSerial });
const isReady = async (): Promise<boolean> => (await fetch(`${service.urls.public}/readyz`)).ok;
const isLive = async (): Promise<boolean> => (await fetch(`${service.urls.public}/livez`)).ok;

async function makeDevice(deviceSerial: string): Promise<Uint8Array> {
  const { answers } = await provision(service.admin, batchId, [{ deviceSerial, csr: makeTestRequest().der }]);
  const [answer] = answers;
  if (!answer || 'error' in answer) throw new Error(`no certificate: ${JSON.stringify(answer)}`);
  return new Uint8Array(Buffer.from(answer.certificate, 'base64'));
}

const makeToken = async (deviceSerial: string) =>
  service.admin.post('/v1/enrollment-tokens', {
    policy: 'default',
    model: MODEL,
    deviceSerial,
    validUntil: inAnHour(),
  });

const revoke = (deviceSerial: string) =>
  service.admin.post(`/v1/devices/${refOf(deviceSerial)}/revocation`, { reason: 'cessationOfOperation' });

/** Asks until it is so. */
async function eventually(condition: () => Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 30_000, interval: 50 }).toBe(true);
}

const isListed = async (certificate: Uint8Array): Promise<boolean> =>
  findRevoked(await status.crlOf(certificate), parseCertificate(certificate).serialNumber) !== undefined;

const listeners = async (): Promise<number> => {
  const sql = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;
  return (await direct.query<{ count: number }>(sql)).rows[0]?.count ?? 0;
};

describe('PostgreSQL goes away and comes back', () => {
  it('meanwhile says 503 or what can be proven, and afterwards everything works again without a restart', async () => {
    const good = await makeDevice('GOOD');
    const bad = await makeDevice('BAD');
    const { body: token } = await makeToken('TOKEN');
    expect((await revoke('BAD')).status).toBe(200);
    await eventually(() => isListed(bad));
    // what was answered once is kept; for what was not, the database would have to be asked
    const each = async () => [...(await status.ocsp([good])), ...(await status.ocsp([bad]))];
    await eventually(async () => (await each()).join() === 'good,revoked');
    const listening = await listeners();
    expect(listening).toBeGreaterThan(0);
    const enroll = () => est.simpleenroll(makeTestRequest().der, { token: token.secret });

    await proxy.cut();

    // what is known of seats is good for the allowed lag, and not a second longer
    expect(await each()).toEqual(['good', 'revoked']);
    await eventually(async () => (await each()).join() === 'tryLater,tryLater');
    // a CRL says itself until when it holds
    expect(await isListed(bad)).toBe(true);
    expect(await isListed(good)).toBe(false);
    expect((await fetch(`${service.urls.public}/crl/all.pem`)).status).toBe(200);
    expect((await est.cacerts()).status).toBe(200);

    for (const answer of [
      await service.admin.get('/v1/models'),
      await service.admin.get(`/v1/devices/${refOf('GOOD')}`),
      await service.admin.post('/v1/factories', { name: 'lost' }),
      await service.admin.post('/v1/factories', { name: 'lost' }, { 'idempotency-key': 'lost' }),
      await makeToken('LOST'),
      await revoke('GOOD'),
    ]) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.body).toMatchObject({ status: 503, code: expect.stringMatching(/UNAVAILABLE$/) });
    }
    await expect(provision(service.admin, batchId, [])).rejects.toThrow('503');
    const refused = await enroll();
    expect([refused.status, Number(refused.headers.get('Retry-After')) > 0]).toEqual([503, true]);
    expect([await isLive(), await isReady()]).toEqual([true, false]);

    await proxy.restore();

    await eventually(isReady);
    await eventually(async () => (await status.ocsp([good]))[0] === 'good');
    expect((await service.admin.get('/v1/models')).status).toBe(200);
    const { body } = await service.admin.get('/v1/factories');
    expect(body.items.map(({ name }: { name: string }) => name)).not.toContain('lost');
    expect((await enroll()).status).toBe(200);
    const after = await makeDevice('AFTER');
    expect(await status.ocsp([after])).toEqual(['good']);

    // jobs, their relay and the notifications are back too
    await eventually(async () => (await listeners()) === listening);
    expect((await revoke('GOOD')).status).toBe(200);
    await eventually(async () => (await status.ocsp([good]))[0] === 'revoked');
    await eventually(() => isListed(good));
  });

  it('in the middle of a batch ends its stream without totals; sent again it is completed, nothing twice', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => ({ deviceSerial: `CUT-${i}`, csr: makeTestRequest().der }));
    const first = new Map<string | null, string>();
    const cutting: Promise<void>[] = [];
    const { done } = await provision(service.admin, batchId, lines, (answer) => {
      if ('error' in answer) throw new Error(`${answer.deviceSerial}: ${answer.error.code}`);
      first.set(answer.deviceSerial, answer.certificate);
      if (first.size === 1) cutting.push(proxy.cut());
    });
    await Promise.all(cutting);
    expect(done).toBe(false);
    await proxy.restore();
    await eventually(isReady);

    const second = await provision(service.admin, batchId, lines);
    expect(second.done).toBe(true);
    const certificates = second.answers.map((answer) => ('error' in answer ? answer.error.code : answer.certificate));
    expect(new Set(certificates).size).toBe(lines.length);
    const repeated = lines.map(({ deviceSerial }, i) => (first.has(deviceSerial) ? certificates[i] : undefined));
    expect(repeated).toEqual(lines.map(({ deviceSerial }) => first.get(deviceSerial)));
    const { body } = await service.admin.get(`/v1/devices?batchId=${batchId}&deviceSerialPrefix=CUT-&limit=500`);
    expect(body.items).toHaveLength(lines.length);
  });
});
