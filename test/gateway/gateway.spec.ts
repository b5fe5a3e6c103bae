import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Oid } from '@touchmark/der';
import { TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SignJWT } from 'jose';
import { DeviceClient } from './client.js';
import { deviceOf } from './device-of-request.mjs';
import { GatewayWorld, type RunningGateway, type TestDevice, testPolicy } from './world.js';

const run = promisify(execFile);

let world: GatewayWorld;
let gateway: RunningGateway;
let device: TestDevice;
let client: DeviceClient;
beforeAll(async () => {
  world = await GatewayWorld.open(inject('databaseUrl'));
  gateway = await world.startGateway('gw-1');
  device = await world.makeDevice('GW-1');
  client = clientOf(device);
});
afterAll(() => world.close());

const clientOf = (identity: { cert: string; key: string } | undefined): DeviceClient =>
  new DeviceClient(gateway.url, world.service.admin.ca, identity);

const telemetry = '/devices/GW-1/telemetry';

describe('a device that may', () => {
  it('reaches the upstream with method, target, body and its own headers', async () => {
    const answer = await client.call(`${telemetry}?a=%2F..&b`, {
      method: 'POST',
      headers: { 'X-Own': 'kept', Cookie: 'a=b' },
      body: 'hello',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ method: 'POST', url: `${telemetry}?a=%2F..&b`, bodyLength: 5 });
    expect(answer.body.headers).toMatchObject({ 'x-own': 'kept', cookie: 'a=b', 'x-forwarded-proto': 'https' });
    // RFC 9440 sections 2.4 and 3.1
    expect(answer.headers).not.toHaveProperty('client-cert');
    expect(answer.headers.vary).toBe('*');
  });

  it('is named by Client-Cert and Client-Cert-Chain, from the verified path', async () => {
    const { headers } = (await client.call(telemetry)).body;
    expect(headers['client-cert']).toBe(`:${Buffer.from(device.der).toString('base64')}:`);
    const [issuer = '', ...more] = String(headers['client-cert-chain']).split(', ');
    const ca = new X509Certificate(Buffer.from(issuer.slice(1, -1), 'base64'));
    expect(more).toEqual([]);
    expect(new X509Certificate(device.der).verify(ca.publicKey)).toBe(true);
  });

  it('may be curl', async () => {
    const file = (name: string): string => path.join(gateway.folder, name);
    await writeFile(file('device.pem'), device.cert);
    await writeFile(file('device.key'), device.key);
    await writeFile(file('root.pem'), world.service.admin.ca);
    const tls = ['--cacert', file('root.pem'), '--cert', file('device.pem'), '--key', file('device.key')];
    const body = 'x'.repeat(50_000);
    const { stdout } = await run('curl', ['-sS', ...tls, '--data-binary', body, `${gateway.url}${telemetry}`]);
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', bodyLength: 50_000 });
    // curl waits for 100 Continue before a body of this size
    const big = 'x'.repeat(99_000);
    const expecting = ['-H', 'Expect: 100-continue', '--expect100-timeout', '30', '--data-binary', big];
    const { stdout: second } = await run('curl', ['-sS', ...tls, ...expecting, `${gateway.url}${telemetry}`]);
    expect(JSON.parse(second)).toMatchObject({ bodyLength: 99_000 });
  });

  it.each(['GET', 'DELETE', 'PUT', 'PATCH'])('sends a chunked body with %s, framed as it came', async (method) => {
    const answer = await client.raw(
      `${method} ${telemetry} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `5\r\nhello\r\n0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(world.upstream.last).toMatchObject({ method, bodyLength: 5 });
  });

  it('is told to go on with its body, but not by HTTP/1.0, which knows no such answer', async () => {
    const fields = 'Host: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello';
    expect(await client.raw(`POST ${telemetry} HTTP/1.1\r\n${fields}`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
    expect(await client.raw(`POST ${telemetry} HTTP/1.0\r\n${fields}`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('gets a stream as it comes', async () => {
    const response = await client.begin('/stream');
    const [first]: Buffer[] = await once(response, 'data');
    expect(String(first)).toBe('data: first\n\n');
    response.destroy();
    await expect.poll(() => world.upstream.open.size).toBe(0);
  });

  it('has a WebSocket', async () => {
    const socket = await client.websocket('/socket');
    socket.write('ping');
    const [echo]: Buffer[] = await once(socket, 'data');
    expect(String(echo)).toBe('ping');
    expect(world.upstream.last.headers).toMatchObject({ 'touchmark-identity': expect.any(String) });
    socket.destroy();
    await expect.poll(() => world.upstream.open.size).toBe(0);
  });
});

describe('who may not', () => {
  it('has no certificate: the connection ends', async () => {
    expect(await clientOf(undefined).statusOf(telemetry)).toBe('closed');
    expect(await gateway.metric('touchmark_gateway_connections_refused_total{code="CERTIFICATE_MISSING"}')).toBe(1);
  });

  it('has a certificate of somebody else, a self-signed one, an IDevID, a gateway’s: the connection ends', async () => {
    const uri = 'spiffe://devices.local/device/demo-sensor/GW-1';
    const foreign = TestCa.root().issue({
      subjectAltName: [{ kind: 'uniformResourceIdentifier', value: uri }],
      extKeyUsage: [Oid.clientAuth],
    });
    const key = foreign.key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const own = gateway.credentials.tls('client');
    const others = [
      { cert: encodePem('CERTIFICATE', foreign.der), key },
      await world.makeIdevid('GW-IDEVID'),
      { cert: own.cert, key: own.key },
    ];
    for (const identity of others) expect(await clientOf(identity).statusOf(telemetry)).toBe('closed');
    const reasons = gateway.log.filter(({ msg }) => msg === 'connection refused').map(({ code }) => code);
    expect(reasons).toEqual(expect.arrayContaining(['CERTIFICATE_INVALID', 'NOT_A_DEVICE']));
  });

  it.each([
    ['another device’s path', 'GET', '/devices/GW-2/telemetry', 403, 'DEVICE_NOT_ALLOWED'],
    ['a route for other models', 'GET', '/lamps', 403, 'MODEL_NOT_ALLOWED'],
    ['no route', 'GET', '/admin', 403, 'ROUTE_NOT_ALLOWED'],
    ['another method', 'DELETE', '/stream', 403, 'ROUTE_NOT_ALLOWED'],
    ['a trailing slash', 'GET', '/stream/', 403, 'ROUTE_NOT_ALLOWED'],
    ['a path by way of another', 'GET', '/devices/GW-2/../GW-1/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['the same, escaped', 'GET', '/devices/GW-2/%2e%2e/GW-1/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['an escaped slash', 'GET', '/devices%2fGW-1/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['a backslash', 'GET', '/devices\\GW-1\\telemetry', 400, 'PATH_AMBIGUOUS'],
    ['two slashes', 'GET', '//devices/GW-1/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['a parameter of a segment', 'GET', '/devices/GW-1;x/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['NUL', 'GET', '/devices/GW-1/telemetry%00', 400, 'PATH_AMBIGUOUS'],
    ['an overlong slash', 'GET', '/devices/GW-1/%c0%af/telemetry', 400, 'PATH_AMBIGUOUS'],
    ['an absolute target', 'GET', 'http://localhost/stream', 400, 'PATH_AMBIGUOUS'],
    ['an asterisk', 'OPTIONS', '*', 400, 'PATH_AMBIGUOUS'],
  ])('asks for %s', async (_name, method, target, status, code) => {
    const before = world.upstream.reached.length;
    const answer = await client.call(target, { method });
    expect(answer).toMatchObject({ status, body: { status, code, type: `urn:touchmark:error:${code}` } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.stringify(answer.body)).not.toMatch(/CN=|spiffe|BEGIN|serial/i);
    expect(world.upstream.reached.length).toBe(before);
  });

  it('wants a WebSocket where there is none', async () => {
    await expect(client.websocket('/stream')).rejects.toThrow(/403/);
    await expect(client.websocket('/admin')).rejects.toThrow(/403/);
    await expect(client.websocket('/socket/../socket')).rejects.toThrow(/400/);
  });

  it('wants to become something else than a WebSocket', async () => {
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nUpgrade: h2c\r\n';
    const answer = await client.raw(`GET /socket HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('comes too often: 429 with Retry-After, by device', async () => {
    const statuses: unknown[] = [];
    for (let i = 0; i < 5; i++) statuses.push(await client.statusOf('/limited'));
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const answer = await client.call('/limited');
    expect(answer.body).toMatchObject({ code: 'RATE_LIMITED' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(await clientOf(await world.makeDevice('GW-CALM')).statusOf('/limited')).toBe(200);
  });

  it('sends a body that is too long, said before or not: 413', async () => {
    const body = 'x'.repeat(100_001);
    expect(await client.call(telemetry, { method: 'POST', body })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    const chunk = `${(60_000).toString(16)}\r\n${'x'.repeat(60_000)}\r\n`;
    const answer = await client.raw(
      `POST ${telemetry} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('sends more header fields than some servers read: 431', async () => {
    const before = world.upstream.reached.length;
    const fields = 'a:b\r\n'.repeat(1_001);
    const inner = 'GET /admin HTTP/1.1\r\nHost: localhost\r\nClient-Cert: forged\r\n\r\n';
    const start = `POST ${telemetry} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    const answer = await client.raw(`${start}${fields}Content-Length: ${inner.length}\r\n\r\n${inner}`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('HEADERS_TOO_LARGE');
    expect(world.upstream.reached.length).toBe(before);
  });

  it('sends header fields without end: 431', async () => {
    const answer = await client.raw(`GET ${telemetry} HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('HEADERS_TOO_LARGE');
  });
});

describe('what only the gateway may say', () => {
  const forged = [
    'Client-Cert',
    'client-cert',
    'CLIENT-CERT',
    'Client_Cert',
    'client_cert',
    'Client.Cert',
    'Client-Cert-Chain',
    'Client_Cert_Chain',
    'Touchmark-Identity',
    'touchmark_identity',
    'TOUCHMARK-IDENTITY',
    'Touchmark-Anything',
    'X-Forwarded-For',
    'X_Forwarded_For',
    'X-Forwarded-Client-Cert',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'Forwarded',
    'X-Real-IP',
    'X-SSL-Client-Verify',
    'SSL_CLIENT_CERT',
    'X-Amzn-Mtls-Clientcert-Leaf',
    'X-Client-Cert',
    'X-Client-DN',
    'X-TLS-Client-Cert',
    'X-ARR-ClientCert',
    'X-Remote-User',
    'Remote_User',
    'Proxy',
    'X-Host',
    'X-Middleware-Subrequest',
    'X-Original-Host',
    'X-HTTP-Method-Override',
    'X-Original-URL',
    'X-Rewrite-URL',
  ];

  it.each(forged)('%s of a client does not reach the upstream, once or twice', async (name) => {
    for (const value of ['forged', ['forged', 'forged too']]) {
      await client.call(telemetry, { headers: { [name]: value } });
      expect(JSON.stringify(world.upstream.last.headers)).not.toContain('forged');
      expect(world.upstream.last.names.filter((one) => one === 'client-cert')).toHaveLength(1);
      expect(world.upstream.last.names.filter((one) => one === 'touchmark-identity')).toHaveLength(1);
    }
  });

  it('nor with a WebSocket', async () => {
    const socket = await client.websocket(
      '/socket',
      forged.map((name) => `${name}: forged`),
    );
    socket.destroy();
    expect(JSON.stringify(world.upstream.last.headers)).not.toContain('forged');
  });

  it('cannot be taken away by Connection', async () => {
    const hops = 'Client-Cert, Touchmark-Identity, X-Forwarded-For, X-Secret, Content-Length, Host';
    await client.call(telemetry, { method: 'POST', headers: { Connection: hops, 'X-Secret': '1' }, body: 'hello' });
    expect(world.upstream.last).toMatchObject({ bodyLength: 5 });
    expect(world.upstream.last.headers).toMatchObject({
      'client-cert': expect.any(String),
      'touchmark-identity': expect.any(String),
      'x-forwarded-for': expect.stringContaining('127.0.0.1'),
    });
    expect(world.upstream.last.headers).not.toHaveProperty('x-secret');
  });
});

describe('a request that two servers would read differently', () => {
  const start = `POST ${telemetry} HTTP/1.1\r\nHost: localhost\r\n`;
  const smuggled = `GET /devices/GW-2/telemetry HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  it.each([
    ['a length and chunks', `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks and a length', `${start}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two lengths', `${start}Content-Length: 0\r\nContent-Length: 5\r\n\r\n${smuggled}`],
    ['two lengths in one', `${start}Content-Length: 0, 5\r\n\r\n${smuggled}`],
    ['a length with a sign', `${start}Content-Length: +5\r\n\r\n${smuggled}`],
    ['a space before the colon', `${start}Content-Length : 5\r\n\r\n${smuggled}`],
    ['a coding that is none', `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunked not last', `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['another coding before chunked', `${start}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice', `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a tab before chunked', `${start}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a bare line feed', `POST ${telemetry} HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${smuggled}`],
    ['a chunk size that is none', `${start}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${smuggled}`],
    ['a folded header', `${start}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['two hosts', `GET ${telemetry} HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n`],
    ['no host', `GET ${telemetry} HTTP/1.1\r\n\r\n`],
    ['a host that is none', `GET ${telemetry} HTTP/1.1\r\nHost: a@b/c\r\n\r\n`],
    [
      'a body in an upgrade',
      `GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello`,
    ],
    ['another version', `GET ${telemetry} HTTP/3.7\r\nHost: localhost\r\n\r\n`],
    ['CONNECT', `CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['no request', '\x16\x03\x01\x00\x05hello\r\n\r\n'],
  ])('%s: refused, and nothing reaches the upstream', async (_name, octets) => {
    const before = world.upstream.reached.length;
    const answer = await client.raw(octets);
    expect(answer === '' || answer.startsWith('HTTP/1.1 400 ')).toBe(true);
    expect(answer).not.toMatch(/HTTP\/1\.1 200/);
    expect(world.upstream.reached.length).toBe(before);
  });

  it('one after the other on a connection: each is judged by itself', async () => {
    const second = `GET /devices/GW-2/telemetry HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    const answer = await client.raw(`GET ${telemetry} HTTP/1.1\r\nHost: localhost\r\n\r\n${second}`);
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '403']);
  });
});

const trusted = async () => ({
  infrastructure: gateway.credentials.tls('client').ca,
  gateway: 'spiffe://devices.local/gateway/gw-1',
  audience: new URL(world.upstream.url).origin,
});
const identityHeader = async (): Promise<string> => {
  await client.call(telemetry);
  return String(world.upstream.last.headers['touchmark-identity']);
};

describe('Touchmark-Identity', () => {
  it('is checked by an upstream as the README shows', async () => {
    const readme = await readFile('apps/gateway/README.md', 'utf8');
    expect(readme).toContain(await readFile('test/gateway/device-of-request.mjs', 'utf8'));
    const token = await identityHeader();
    expect(await deviceOf(token, await trusted())).toEqual({
      realm: 'devices.local',
      model: 'demo-sensor',
      deviceSerial: 'GW-1',
    });
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({
      sub: 'spiffe://devices.local/device/demo-sensor/GW-1',
      cnf: { 'x5t#S256': createHash('sha256').update(device.der).digest('base64url') },
      status: { epoch: 1, asOf: expect.any(Number) },
    });
    expect(claims.exp - claims.iat).toBe(60);
  });

  it('is refused by it when it was made for another, by another, or by nobody', async () => {
    const token = await identityHeader();
    const [head = '', body = '', signature = ''] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'x' }));
    const good = await trusted();
    await expect(deviceOf(token, { ...good, audience: 'https://other' })).rejects.toThrow();
    await expect(deviceOf(token, { ...good, gateway: 'spiffe://devices.local/gateway/gw-2' })).rejects.toThrow();
    await expect(deviceOf(`${head}.${forged.toString('base64url')}.${signature}`, good)).rejects.toThrow();
    // a device signs one for itself, with its own certificate
    const key = createPrivateKey(device.key);
    const own = await new SignJWT({ device: { realm: 'devices.local', model: 'demo-sensor', deviceSerial: 'GW-2' } })
      .setProtectedHeader({
        alg: 'ES256',
        typ: 'touchmark-identity+jwt',
        x5c: [Buffer.from(device.der).toString('base64')],
      })
      .setIssuer(good.gateway)
      .setSubject('x')
      .setAudience(good.audience)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(key);
    await expect(deviceOf(own, good)).rejects.toThrow();
  });
});

describe('the policy file', () => {
  it('is read anew, ends what it no longer allows, and one that cannot be used changes nothing', async () => {
    const other = await world.startGateway('gw-policy');
    const own = new DeviceClient(other.url, world.service.admin.ca, device);
    const open = await own.websocket('/socket');
    const closed = once(open, 'close');

    await writeFile(other.policyFile, 'routes: nonsense');
    await other.reloadPolicy();
    expect(await own.statusOf(telemetry)).toBe(200);
    expect(await other.metric('touchmark_gateway_policy_loads_total{outcome="refused"}')).toBeGreaterThan(0);

    await writeFile(other.policyFile, testPolicy.replace('path: /socket', 'path: /other'));
    await other.reloadPolicy();
    await closed;
    await expect(own.websocket('/socket')).rejects.toThrow(/403/);
    expect(await own.statusOf(telemetry)).toBe(200);
  });

  it('is noticed when it changes', async () => {
    const other = await world.startGateway('gw-watch');
    const own = new DeviceClient(other.url, world.service.admin.ca, device);
    await writeFile(other.policyFile, testPolicy.replace('path: /stream', 'path: /elsewhere'));
    await expect.poll(() => own.codeOf('/stream'), { timeout: 10_000 }).toBe('ROUTE_NOT_ALLOWED');
  });
});

describe('the service', () => {
  it('shows what the gateway saw as last seen', async () => {
    const seen = await world.makeDevice('GW-SEEN');
    await clientOf(seen).call('/devices/GW-SEEN/telemetry');
    await gateway.reportSightings();
    const { body } = await world.service.admin.get(`/v1/devices/${seen.deviceRef}`);
    expect(body).toMatchObject({ state: 'active', lastSeenAt: expect.any(Number) });
    const { body: events } = await world.service.admin.get(`/v1/devices/${seen.deviceRef}/events`);
    expect(events.items).toContainEqual(expect.objectContaining({ event: 'sight', actor: 'gateway gw-1' }));
    expect(await gateway.metric('touchmark_gateway_sightings_waiting')).toBe(0);
  });

  it('renews the gateway’s certificates, which are in use at once', async () => {
    const other = await world.startGateway('gw-renewed');
    const own = new DeviceClient(other.url, world.service.admin.ca, device);
    const before = await own.connect();
    const shown = before.getPeerX509Certificate()?.serialNumber;
    before.destroy();
    for (const { certificate } of [other.credentials.server.current(), other.credentials.client.current()])
      await world.ripen(certificate.der);
    await other.credentials.server.renew();
    await other.credentials.client.renew();
    const after = await own.connect();
    const next = after.getPeerX509Certificate();
    after.destroy();
    expect(next?.serialNumber).not.toBe(shown);
    expect(next?.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');

    await own.call(telemetry);
    const [header = ''] = String(world.upstream.last.headers['touchmark-identity']).split('.');
    const { x5c } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const signer = other.credentials.client.current().certificate.der;
    expect(createHash('sha256').update(Buffer.from(x5c[0], 'base64')).digest('hex')).toBe(
      createHash('sha256').update(signer).digest('hex'),
    );
    // the feed, with the new certificate
    await expect
      .poll(() => other.metric('touchmark_gateway_feed_attempts_total{outcome="opened"}'))
      .toBeGreaterThanOrEqual(2);
    await other.reportSightings();
    expect(await other.metric('touchmark_gateway_sightings_waiting')).toBe(0);
  });
});
