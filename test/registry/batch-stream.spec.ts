import { X509Certificate } from 'node:crypto';
import { CaUnavailableError, deviceRefOf } from '@touchmark/ca-port';
import { generateTestKey } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Answer, EnrollmentService, makeBatch, provisionLine } from './enrollment-service.js';

let service: EnrollmentService;
beforeAll(async () => {
  service = await EnrollmentService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

const refOf = (model: string, deviceSerial: string) => deviceRefOf({ realm: 'devices.test', model, deviceSerial });
const get = async (path: string) => (await service.call('GET', path)).body;
const codes = (answers: Answer['body'][]) =>
  answers.map((answer) => (answer.done ? 'done' : (answer.error?.code ?? 'ok')));

describe('a batch stream', () => {
  it('answers each line in order with a certificate for its device, and closes with the totals', async () => {
    const batch = await makeBatch(service, 'order');
    const serials = Array.from({ length: 20 }, (_, i) => `SN-${i}`);
    const answers = await service.provision(
      batch.id,
      serials.map((serial) => provisionLine(serial)),
    );
    expect(answers.pop()).toEqual({ done: true, issued: 20, refused: 0 });
    expect(answers.map(({ line, deviceSerial }) => [line, deviceSerial])).toEqual(serials.map((s, i) => [i + 1, s]));
    for (const { certificate, deviceSerial, serialNumber } of answers) {
      const read = new X509Certificate(Buffer.from(certificate, 'base64'));
      expect(read.subject).toContain(`serialNumber=${deviceSerial}`);
      expect(read.serialNumber.toLowerCase()).toBe(serialNumber);
    }
    expect(await get(`/v1/batches/${batch.id}`)).toMatchObject({ size: 100, remaining: 80 });
  });

  it('shows its devices as provisioned, by this batch and this caller', async () => {
    const batch = await makeBatch(service, 'shows');
    const token = await service.token(['factory'], 'shows');
    await service.provision(batch.id, [provisionLine('A'), provisionLine('B')], token);
    const { items } = await get(`/v1/devices?batchId=${batch.id}`);
    expect(items.map(({ deviceSerial }: { deviceSerial: string }) => deviceSerial).toSorted()).toEqual(['A', 'B']);
    const deviceRef = refOf('shows', 'A');
    const device = await get(`/v1/devices/${deviceRef}`);
    expect(device).toMatchObject({ deviceRef, model: 'shows', state: 'provisioned', generation: 1, lastSeenAt: null });
    const events = await get(`/v1/devices/${deviceRef}/events`);
    expect(events.items).toMatchObject([
      { event: 'provision', fromState: null, toState: 'provisioned', actor: 'factory', detail: { batch: batch.id } },
    ]);
    const certificates = await get(`/v1/devices/${deviceRef}/certificates`);
    expect(certificates.items).toMatchObject([
      { profile: 'idevid', status: 'valid', notAfter: 253_402_300_799, renewAfter: null, seenAt: null },
    ]);
  });

  it('is safe to send again: the same certificates, nothing counted twice, no second event', async () => {
    const batch = await makeBatch(service, 'again');
    const lines = ['A', 'B', 'C'].map((serial) => provisionLine(serial));
    const first = await service.provision(batch.id, lines);
    const second = await service.provision(batch.id, lines);
    expect(second).toEqual(first);
    expect((await get(`/v1/batches/${batch.id}`)).remaining).toBe(97);
    expect((await get(`/v1/devices/${refOf('again', 'A')}/events`)).items).toHaveLength(1);
  });

  it('answers while lines are still being sent', async () => {
    const batch = await makeBatch(service, 'talk');
    const stream = await service.stream(batch.id);
    for (const serial of ['A', 'B', 'C']) {
      stream.send(provisionLine(serial));
      expect(await stream.next()).toMatchObject({ deviceSerial: serial, certificate: expect.any(String) });
    }
    stream.request.end();
    expect(await stream.rest()).toEqual([{ done: true, issued: 3, refused: 0 }]);
  });

  it('goes on after lines that are refused, and keeps why', async () => {
    const batch = await makeBatch(service, 'bad');
    const key = generateTestKey();
    const answers = await service.provision(batch.id, [
      provisionLine('A', key),
      'not JSON',
      '{"deviceSerial":"B","csr":"AQID","model":"other"}',
      '{"deviceSerial":"B C","csr":"AQID"}',
      '{"deviceSerial":"B","csr":"no base64"}',
      '{"deviceSerial":"B","csr":"AQID"}',
      '{"deviceSerial":"nul\\u0000","csr":"AQID"}',
      '{"deviceSerial":"B","csr":"AQID","nul\\u0000":1}',
      provisionLine('A'),
      provisionLine('B', key),
      provisionLine('a', key),
      provisionLine('C'),
    ]);
    expect(codes(answers)).toEqual([
      'ok',
      'LINE_MALFORMED',
      'LINE_MALFORMED',
      'DEVICE_SERIAL_INVALID',
      'CSR_NOT_BASE64',
      'CSR_MALFORMED',
      'DEVICE_SERIAL_INVALID',
      'LINE_MALFORMED',
      'DEVICE_KEY_CONFLICT',
      'KEY_IN_USE',
      'DEVICE_SERIAL_CASE_CONFLICT',
      'ok',
      'done',
    ]);
    expect(answers.at(-1)).toEqual({ done: true, issued: 2, refused: 10 });
    const token = await service.token(['factory'], 'bad');
    const refusals = (await service.call('GET', `/v1/batches/${batch.id}/refusals`, { token })).body.items;
    expect(refusals.map(({ code }: { code: string }) => code).toReversed()).toEqual(codes(answers).slice(1, -2));
    expect((await get(`/v1/refusals?deviceRef=${refOf('bad', 'B')}`)).items).toHaveLength(3);
    expect((await service.call('GET', `/v1/devices/${refOf('bad', 'B')}`)).status).toBe(404);
  });

  it('refuses what is beyond its size', async () => {
    const batch = await makeBatch(service, 'small', 2);
    const answers = await service.provision(
      batch.id,
      ['A', 'B', 'C'].map((serial) => provisionLine(serial)),
    );
    expect(codes(answers)).toEqual(['ok', 'ok', 'WARRANT_SPENT', 'done']);
  });

  it('carries thousands of lines through its window to a client that reads late', async () => {
    const batch = await makeBatch(service, 'many', 5_000);
    const bad = JSON.stringify({ deviceSerial: 'x y', csr: 'AQID' });
    const lines = Array.from({ length: 4_000 }, (_, i) => (i % 20 === 0 ? provisionLine(`M-${i}`) : bad));
    const answers = await service.provision(batch.id, lines);
    expect(answers.at(-1)).toEqual({ done: true, issued: 200, refused: 3_800 });
    expect(answers.slice(0, -1).every(({ line }, i) => line === i + 1)).toBe(true);
  });

  it('ends at a line that is too long, after the answers before it and without totals', async () => {
    const batch = await makeBatch(service, 'long');
    const lines = [provisionLine('A'), JSON.stringify({ deviceSerial: 'B', csr: 'A'.repeat(16_384) })];
    const answers = await service.provision(batch.id, [...lines, provisionLine('C')]);
    expect(codes(answers)).toEqual(['ok', 'LINE_TOO_LONG']);
    expect(answers[1].line).toBe(2);
    expect((await service.call('GET', `/v1/devices/${refOf('long', 'C')}`)).status).toBe(404);
  });

  it('ends without totals when the CA goes away, and the rest may be sent again', async () => {
    const batch = await makeBatch(service, 'away');
    const lines = ['A', 'B'].map((serial) => provisionLine(serial));
    const stream = await service.stream(batch.id);
    stream.send(lines[0] ?? '');
    const first = await stream.next();
    service.faults.away = new CaUnavailableError(undefined);
    stream.send(lines[1] ?? '');
    expect(await stream.rest()).toEqual([]);
    delete service.faults.away;
    const answers = await service.provision(batch.id, lines);
    expect(codes(answers)).toEqual(['ok', 'ok', 'done']);
    expect(answers[0].certificate).toBe(first.certificate);
  });

  it('ends without totals when its access token was revoked or has expired', async () => {
    const batch = await makeBatch(service, 'ended');
    const terms = { sub: 'line', roles: ['factory'], factory: 'ended' };
    const { jti, token } = await service.make('/v1/access-tokens', { ...terms, validUntil: service.ca.now() + 3600 });
    const stream = await service.stream(batch.id, token);
    stream.send(provisionLine('A'));
    expect(await stream.next()).toMatchObject({ deviceSerial: 'A' });
    await service.call('POST', `/v1/access-tokens/${jti}/revocation`, { body: {} });
    service.ca.advance(1);
    stream.send(provisionLine('B'));
    expect(await stream.rest()).toEqual([]);
    expect((await service.call('GET', `/v1/devices/${refOf('ended', 'B')}`)).status).toBe(404);

    const short = await service.make('/v1/access-tokens', { ...terms, validUntil: service.ca.now() + 60 });
    const other = await service.stream(batch.id, short.token);
    other.send(provisionLine('C'));
    expect(await other.next()).toMatchObject({ deviceSerial: 'C' });
    service.ca.advance(60);
    other.send(provisionLine('D'));
    expect(await other.rest()).toEqual([]);
  });

  it('sent again after the device enrolled under another policy: the device stays with that', async () => {
    const batch = await makeBatch(service, 'moved');
    await service.make('/v1/enrollment-policies', { name: 'moved-on', label: 'moved-on', models: ['moved'] });
    const { id } = await get('/v1/enrollment-policies/moved-on');
    const line = provisionLine('A');
    await service.provision(batch.id, [line]);
    const deviceRef = refOf('moved', 'A');
    await service.ca.db.query('UPDATE registry.device SET policy_id = $1 WHERE device_ref = $2', [id, deviceRef]);
    expect(codes(await service.provision(batch.id, [line]))).toEqual(['ok', 'done']);
    expect((await get(`/v1/devices/${deviceRef}`)).policyId).toBe(id);
  });

  it('survives a client that leaves in the middle', async () => {
    const batch = await makeBatch(service, 'leave');
    const lines = Array.from({ length: 50 }, (_, i) => provisionLine(`L-${i}`));
    const stream = await service.stream(batch.id);
    for (const line of lines) stream.send(line);
    const first = await stream.next();
    stream.request.destroy();
    const answers = await service.provision(batch.id, lines);
    expect(answers.at(-1)).toEqual({ done: true, issued: 50, refused: 0 });
    expect(answers[0].certificate).toBe(first.certificate);
    expect((await get(`/v1/batches/${batch.id}`)).remaining).toBe(50);
  });

  it('answers an empty body with totals of nothing', async () => {
    const batch = await makeBatch(service, 'empty');
    expect(await service.provision(batch.id, [])).toEqual([{ done: true, issued: 0, refused: 0 }]);
  });
});

describe('a factory', () => {
  it('sees and provisions its own batches alone', async () => {
    const mine = await makeBatch(service, 'mine');
    const theirs = await makeBatch(service, 'theirs');
    const token = await service.token(['factory'], 'mine');
    const seen = (await service.call('GET', '/v1/batches', { token })).body.items;
    expect(seen.map(({ id }: { id: string }) => id)).toEqual([mine.id]);
    for (const path of ['', '/refusals']) {
      const answer = await service.call('GET', `/v1/batches/${theirs.id}${path}`, { token });
      expect(answer).toMatchObject({ status: 404, body: { code: 'BATCH_UNKNOWN' } });
    }
    const stream = await service.stream(theirs.id, token);
    stream.request.end(`${provisionLine('X')}\n`);
    expect(await stream.status()).toBe(404);
    expect((await service.call('GET', `/v1/devices/${refOf('theirs', 'X')}`)).status).toBe(404);
  });

  it('is told the same of another’s batch as of none', async () => {
    const other = await makeBatch(service, 'other');
    await makeBatch(service, 'curious');
    const token = await service.token(['factory'], 'curious');
    const theirs = await service.call('GET', `/v1/batches/${other.id}`, { token });
    const none = await service.call('GET', '/v1/batches/018f0000-0000-7000-8000-000000000001', { token });
    expect(theirs.body.title).toBe(none.body.title);
    expect(theirs.body.code).toBe(none.body.code);
  });
});

describe('a batch', () => {
  it('is not made where the policy is not for the model', async () => {
    await makeBatch(service, 'policy-a');
    await service.make('/v1/models', { name: 'stranger', organization: 'Acme' });
    const body = { factory: 'policy-a', model: 'stranger', policy: 'policy-a', size: 1 };
    const answer = await service.call('POST', '/v1/batches', { body: { ...body, validUntil: service.ca.now() + 60 } });
    expect(answer).toMatchObject({ status: 409, body: { code: 'MODEL_NOT_ALLOWED' } });
  });

  it('takes a stream of no other media type', async () => {
    const batch = await makeBatch(service, 'media');
    const answer = await service.call('POST', `/v1/batches/${batch.id}/requests`, { body: {} });
    expect(answer).toMatchObject({ status: 415, body: { code: 'MEDIA_TYPE_UNSUPPORTED' } });
  });
});
