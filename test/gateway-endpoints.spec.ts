import { type KeyObject, sign, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { deviceRefOf, renewalProofOctets } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { saveRevocations } from '@touchmark/store';
import { generateTestKey, makeTestRequest, TEST_NOW, TestCa, type TestKey } from '@touchmark/testkit';
import { encodePem, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { idevidRequest, identityOf, issued, tokenRequest, testModel } from './fixture/test-ca.js';
import { EnrollmentService } from './registry/enrollment-service.js';
import { ripen } from './fixture/ripen.js';

interface Holder {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

let service: EnrollmentService;
let gateway: Holder;
beforeAll(async () => {
  const server = TestCa.root({ notAfter: TEST_NOW + 10 * 31_536_000 });
  const tls = {
    cert: encodePem('CERTIFICATE', server.der),
    key: server.key.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    requestCertificate: true,
  };
  service = await EnrollmentService.open(inject('databaseUrl'), { device: { tls } });
  gateway = await makeService('gateway-client', 'gw-1');
});
afterAll(() => service.close());

async function makeService(profile: 'gateway-client' | 'service', name: string, realm: string = testModel.realm) {
  const key = generateTestKey();
  const { der: csr } = makeTestRequest({ key });
  const { certificate } = await service.ca.ca.serviceCertificates.run({ profile, name, fields: { realm, name }, csr });
  return { certificate, privateKey: key.privateKey };
}

async function makeDevice(deviceSerial: string, key: TestKey = generateTestKey()): Promise<Holder> {
  const warrantId = await service.ca.batchWarrant(1);
  const { certificate } = issued(await service.ca.issue(idevidRequest(deviceSerial, warrantId, key)));
  return { certificate, privateKey: key.privateKey };
}

// what a test expects of a body, the test says
// oxlint-disable-next-line typescript/no-explicit-any
type Answer = { readonly status: number | undefined; readonly body: any };

async function call(path: string, body: unknown, holder: Holder | undefined = gateway, headers: object = {}) {
  const text = JSON.stringify(body);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(
    `${service.deviceUrl}/v1/gateways/self/${path}`,
    {
      method: 'POST',
      // who the server is, is not what is tested here
      rejectUnauthorized: false,
      agent: false,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers },
      ...(holder && {
        cert: encodePem('CERTIFICATE', holder.certificate),
        key: holder.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      }),
    },
    (response) => {
      json(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(text);
  return promise;
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const sighting = (certificate: Uint8Array, at = service.ca.now()) => ({
  certificate: base64(certificate),
  at,
  source: '192.0.2.7',
});
const deviceOf = async (deviceSerial: string) => {
  const { body } = await service.call('GET', `/v1/devices/${deviceRefOf(identityOf(deviceSerial))}`);
  return body;
};

async function setSeat({ certificate }: Holder, value: 1 | 2): Promise<void> {
  const seat = parseSerialNumber(parseCertificate(certificate).serialNumber);
  if (!seat) throw new Error('no seat');
  const change = { ...seat, value, reason: 4, revokedAt: service.ca.now(), invalidityDate: null, holds: [] };
  await service.ca.db.transaction((tx) => saveRevocations(tx, [change]));
}

describe('sightings', () => {
  it('are shown as last seen, the first one in the history of the device, and time only goes forward', async () => {
    const device = await makeDevice('SEEN-1');
    // nobody is seen before the certificate was issued
    service.ca.advance(60);
    const now = service.ca.now();
    const first = await call('sightings', { sightings: [sighting(device.certificate, now - 30)] });
    expect(first).toEqual({ status: 200, body: { accepted: 1, unknown: 0 } });
    expect(await deviceOf('SEEN-1')).toMatchObject({ state: 'active', lastSeenAt: now - 30 });

    await call('sightings', { sightings: [sighting(device.certificate, now - 10)] });
    expect(await deviceOf('SEEN-1')).toMatchObject({ lastSeenAt: now - 10 });
    await call('sightings', { sightings: [sighting(device.certificate, now - 20)] });
    expect(await deviceOf('SEEN-1')).toMatchObject({ lastSeenAt: now - 10 });

    const { body } = await service.call('GET', `/v1/devices/${deviceRefOf(identityOf('SEEN-1'))}/events`);
    const sights = body.items.filter(({ event }: { event: string }) => event === 'sight');
    expect(sights).toMatchObject([{ actor: 'gateway gw-1', toState: 'active' }]);

    // a status change brings the projection in line with the CA, which knows the first sighting only
    await service.call('POST', `/v1/devices/${deviceRefOf(identityOf('SEEN-1'))}/suspension`, {
      body: { cause: 'test' },
    });
    expect(await deviceOf('SEEN-1')).toMatchObject({ state: 'suspended', lastSeenAt: now - 10 });
  });

  it.each(['gw-1.example', 'ALARM: the root key', '192.0.2.7\n', '', '192.0.2.256'])(
    'from %j, which is no IP address, are refused: a source gets into the log',
    async (source) => {
      const { certificate } = gateway;
      const answer = await call('sightings', { sightings: [{ ...sighting(certificate), source }] });
      expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    },
  );

  it('spend a token, as the device’s own visit would', async () => {
    const key = generateTestKey();
    const warrantId = await service.ca.tokenWarrant('SEEN-2');
    const { certificate } = issued(await service.ca.issue(tokenRequest('SEEN-2', warrantId, key)));
    await call('sightings', { sightings: [sighting(certificate)] });
    const again = await service.ca.issue(tokenRequest('SEEN-2', warrantId, generateTestKey()));
    expect(again).toBe('WARRANT_SPENT');
  });

  it('of a certificate that our key signed and the CA does not have raise the alarm', async () => {
    const device = await makeDevice('LOST-1');
    const seat = parseSerialNumber(parseCertificate(device.certificate).serialNumber);
    // what a restored database has forgotten
    await service.ca.db.query('DELETE FROM ca.certificate WHERE list_id = $1 AND index = $2', [
      seat?.listId,
      seat?.index,
    ]);
    const report = { sightings: [sighting(device.certificate), sighting(device.certificate)] };
    expect(await call('sightings', report)).toEqual({ status: 200, body: { accepted: 0, unknown: 2 } });
    const { body } = await service.call('GET', `/v1/refusals?deviceRef=${deviceRefOf(identityOf('LOST-1'))}`);
    expect(body.items).toMatchObject([{ channel: 'gateway', code: 'CERTIFICATE_UNKNOWN', source: '192.0.2.7' }]);
    expect(service.log.some((line) => String(line['msg']).startsWith('ALARM: gateway gw-1'))).toBe(true);
    const metrics = await service.metrics.getSingleMetricAsString('touchmark_unknown_certificates_total');
    expect(metrics).toContain('touchmark_unknown_certificates_total 1');
  });

  it('of what somebody made up are counted, and no more', async () => {
    const before = service.log.length;
    const foreign = TestCa.root().issue().der;
    const report = { sightings: [sighting(foreign), sighting(Uint8Array.of(1, 2, 3)), sighting(gateway.certificate)] };
    expect(await call('sightings', report)).toEqual({ status: 200, body: { accepted: 0, unknown: 3 } });
    expect(service.log.length).toBe(before);
  });

  it('are kept by the gateway while the CA is away', async () => {
    const device = await makeDevice('AWAY-1');
    const { CaUnavailableError } = await import('@touchmark/ca-port');
    service.faults.away = new CaUnavailableError(new Error('away'));
    const refused = await call('sightings', { sightings: [sighting(device.certificate)] });
    delete service.faults.away;
    expect(refused).toMatchObject({ status: 503, body: { code: 'CA_UNAVAILABLE' } });
    expect(await call('sightings', { sightings: [sighting(device.certificate)] })).toMatchObject({
      body: { accepted: 1 },
    });
  });

  it.each([
    ['no sightings', { sightings: [] }],
    ['too many', { sightings: Array.from({ length: 501 }, () => ({ certificate: 'AAAA', at: 1, source: 'x' })) }],
    ['an unknown member', { sightings: [{ certificate: 'AAAA', at: 1, source: 'x', device: 'y' }] }],
    ['no base64', { sightings: [{ certificate: '###', at: 1, source: 'x' }] }],
    ['a time that is none', { sightings: [{ certificate: 'AAAA', at: 1.5, source: 'x' }] }],
  ])('with %s: 400', async (_name, body) => {
    expect(await call('sightings', body, await makeService('gateway-client', 'gw-malformed'))).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED' },
    });
  });
});

const report = (): object => ({ sightings: [sighting(gateway.certificate)] });

describe('the caller', () => {
  it('without a certificate, with a device’s, or with a self-signed one: 401', async () => {
    const self = TestCa.root({ notAfter: TEST_NOW + 31_536_000 });
    const holders = [await makeDevice('CALLER-1'), { certificate: self.der, privateKey: self.key.privateKey }];
    for (const holder of holders) {
      expect(await call('sightings', report(), holder)).toMatchObject({
        status: 401,
        body: { code: 'GATEWAY_NOT_AUTHENTIC' },
      });
    }
    const nobody = await fetchWithoutCertificate();
    expect(nobody).toMatchObject({ status: 401, body: { code: 'GATEWAY_NOT_AUTHENTIC' } });
  });

  it('is refused before its body is read', async () => {
    const device = await makeDevice('CALLER-2');
    // longer than any body that would be read
    const answer = await call('sightings', { x: 'x'.repeat(2_000_000) }, device);
    expect(answer).toMatchObject({ status: 401 });
    expect(await call('sightings', { x: 'x'.repeat(2_000_000) })).toMatchObject({ status: 413 });
  });

  it('that is a service, or a gateway of another realm: 403', async () => {
    for (const holder of [
      await makeService('service', 'enrollment'),
      await makeService('gateway-client', 'gw-2', 'other.local'),
    ]) {
      expect(await call('sightings', report(), holder)).toMatchObject({
        status: 403,
        body: { code: 'GATEWAY_NOT_ALLOWED' },
      });
    }
  });

  it.each([1, 2] as const)('whose seat has the value %i: 401 from the next request on', async (value) => {
    const holder = await makeService('gateway-client', `gw-value-${value}`);
    expect(await call('sightings', report(), holder)).toMatchObject({ status: 200 });
    await setSeat(holder, value);
    expect(await call('sightings', report(), holder)).toMatchObject({ status: 401 });
  });

  it('that comes too often: 429, and the others go on', async () => {
    const holder = await makeService('gateway-client', 'gw-eager');
    const answers = await Promise.all(Array.from({ length: 25 }, () => call('sightings', report(), holder)));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.body).toMatchObject({ code: 'GATEWAY_RATE_LIMITED' });
    const other = await makeService('gateway-client', 'gw-calm');
    expect(await call('sightings', report(), other)).toMatchObject({ status: 200 });
  });
});

async function fetchWithoutCertificate() {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: unknown }>();
  const outgoing = request(
    `${service.deviceUrl}/v1/gateways/self/sightings`,
    { method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'Content-Type': 'application/json' } },
    (response) => {
      json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end('{}');
  return promise;
}

const renewalOf = ({ certificate, privateKey }: Holder, next = generateTestKey()) => {
  const { der: csr } = makeTestRequest({ key: next });
  return { csr: base64(csr), proof: base64(sign('sha256', renewalProofOctets(certificate, csr), privateKey)) };
};

describe('renewal', () => {
  it('of the certificate presented: the same name, a new key, good at once', async () => {
    const holder = await makeService('gateway-client', 'gw-renewed');
    await ripen(service.ca.db, holder.certificate);
    const next = generateTestKey();
    const answer = await call('certificate', renewalOf(holder, next), holder);
    expect(answer).toMatchObject({ status: 201 });
    const certificate = new X509Certificate(Buffer.from(answer.body.certificate, 'base64'));
    expect(certificate.subjectAltName).toBe(new X509Certificate(holder.certificate).subjectAltName);
    expect(
      certificate.verify(new X509Certificate(Buffer.from(answer.body.issuerCertificate, 'base64')).publicKey),
    ).toBe(true);
    const renewed = { certificate: new Uint8Array(certificate.raw), privateKey: next.privateKey };
    expect(await call('sightings', { sightings: [sighting(gateway.certificate)] }, renewed)).toMatchObject({
      status: 200,
    });
  });

  it('of another certificate that the gateway holds: by the proof of that one’s key', async () => {
    const key = generateTestKey();
    const { der: csr } = makeTestRequest({ key });
    const fields = { dnsNames: ['gateway.example'] };
    const order = { profile: 'tls-server', name: 'gateway.example', fields, csr } as const;
    const { certificate } = await service.ca.ca.serviceCertificates.run(order);
    const server = { certificate, privateKey: key.privateKey };
    await ripen(service.ca.db, certificate);
    const answer = await call('certificate', { ...renewalOf(server), certificate: base64(certificate) });
    expect(answer).toMatchObject({ status: 201 });
    expect(new X509Certificate(Buffer.from(answer.body.certificate, 'base64')).subjectAltName).toContain(
      'gateway.example',
    );
  });

  it('without the proof, or of what is not a service’s: refused with the CA’s code', async () => {
    const other = await makeService('gateway-client', 'gw-other');
    const stolen = { ...renewalOf(gateway), certificate: base64(other.certificate) };
    expect(await call('certificate', stolen)).toMatchObject({ status: 403, body: { code: 'PROOF_INVALID' } });
    const device = await makeDevice('RENEW-1');
    const upgrade = { ...renewalOf(device), certificate: base64(device.certificate) };
    expect(await call('certificate', upgrade)).toMatchObject({
      status: expect.any(Number),
      body: { code: expect.stringMatching(/^CERTIFICATE_(UNKNOWN|NOT_SERVICE)$/) },
    });
  });
});
