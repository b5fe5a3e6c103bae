import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Oid } from '@touchmark/der';
import { TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TcpProxy } from '../fixture/tcp-proxy.js';
import { DeviceClient, sessionOf } from './client.js';
import { TestUpstream } from './upstream.js';
import { GatewayWorld, type RunningGateway, type TestDevice, testPolicy } from './world.js';

let world: GatewayWorld;
let gateway: RunningGateway;
beforeAll(async () => {
  world = await GatewayWorld.open(inject('databaseUrl'));
  gateway = await world.startGateway('gw-1');
});
afterAll(() => world.close());

const DAY = 86_400;

const clientOf = (device: TestDevice, of: RunningGateway = gateway): DeviceClient =>
  new DeviceClient(of.url, world.service.admin.ca, device);
const telemetryOf = ({ deviceSerial }: TestDevice): string => `/devices/${deviceSerial}/telemetry`;

async function until(what: () => Promise<unknown>, value: unknown): Promise<void> {
  await expect.poll(what, { timeout: 15_000, interval: 20 }).toBe(value);
}

/** Resolves when the connection is closed; it must be listened to before that. */
async function closed(socket: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  await new Promise<void>((resolve) => socket.once('close', resolve));
}

describe('a revocation', () => {
  it('ends open connections of the device, whatever they do, and refuses the next request', async () => {
    const device = await world.makeDevice('REV-1');
    const neighbour = await world.makeDevice('REV-2');
    const client = clientOf(device);
    const agent = client.keepAlive();
    expect(await client.statusOf(telemetryOf(device), { agent })).toBe(200);
    const idle = await client.connect();
    const websocket = await client.websocket('/socket');
    const stream = await client.begin('/stream');
    stream.on('error', () => undefined).resume();
    const other = await clientOf(neighbour).websocket('/socket');

    const ended = Promise.all([idle, websocket, stream].map(closed));
    await world.change(device, 'revocation');
    await ended;
    expect(await client.statusOf(telemetryOf(device), { agent })).toBe('closed');
    expect(await client.statusOf(telemetryOf(device))).toBe('closed');
    expect(await gateway.metric('touchmark_gateway_connections_ended_total{code="CERT_REVOKED"}')).toBeGreaterThan(2);
    expect(gateway.log).toContainEqual(
      expect.objectContaining({
        msg: 'connection refused',
        code: 'CERT_REVOKED',
        spiffeId: 'spiffe://devices.local/device/demo-sensor/REV-1',
        fingerprint: createHash('sha256').update(device.der).digest('hex'),
      }),
    );

    other.write('still here');
    const [echo]: Buffer[] = await once(other, 'data');
    expect(String(echo)).toBe('still here');
    other.destroy();
    await until(async () => world.upstream.open.size, 0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('refuses a resumed session of %s', async (version) => {
    const device = await world.makeDevice(`RES-${version}`);
    const client = clientOf(device);
    const only = { minVersion: version, maxVersion: version };
    const first = await client.connect(only);
    expect(await requestOn(first, telemetryOf(device))).toMatch(/^HTTP\/1\.1 200 /);
    const session = await newestSession(first);
    first.destroy();

    const resumed = await client.connect({ ...only, session });
    expect(resumed.isSessionReused()).toBe(true);
    expect(await requestOn(resumed, telemetryOf(device))).toMatch(/^HTTP\/1\.1 200 /);
    // a resumed TLS 1.2 session may go on with the ticket that it has
    const next = sessionOf(resumed) ?? session;
    resumed.destroy();

    await world.change(device, 'revocation');
    await until(() => client.statusOf(telemetryOf(device)), 'closed');
    const again = await client.connect({ ...only, session: next });
    expect(again.isSessionReused()).toBe(true);
    expect(await requestOn(again, telemetryOf(device))).toBe('');
  });
});

/** A session that can be resumed, once the server has sent its ticket. */
async function newestSession(socket: TLSSocket): Promise<Buffer> {
  await expect.poll(() => sessionOf(socket)).toBeDefined();
  const session = sessionOf(socket);
  if (session === undefined) throw new Error('no session');
  return session;
}

/** The beginning of the answer on this connection; empty where it was cut. */
async function requestOn(socket: TLSSocket, target: string): Promise<string> {
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(String(chunk)));
    socket.once('close', () => resolve(''));
  });
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return answer;
}

describe('a suspension', () => {
  it('ends connections and refuses; a release lets the device in again with the same certificate', async () => {
    const device = await world.makeDevice('SUS-1');
    const client = clientOf(device);
    const websocket = await client.websocket('/socket');
    const ended = closed(websocket);
    await world.change(device, 'suspension');
    await ended;
    expect(await client.statusOf(telemetryOf(device))).toBe('closed');
    await world.change(device, 'release');
    await until(() => client.statusOf(telemetryOf(device)), 200);
  });
});

describe('the end of a certificate', () => {
  it('ends its connections and refuses new ones', async () => {
    const patient = await world.startGateway('gw-patient', { maxAge: 400 * 86_400 });
    const device = await world.makeDevice('END-1');
    const client = clientOf(device, patient);
    const websocket = await client.websocket('/socket');
    const ended = closed(websocket);
    // an LDevID of the default policy lives 30 days
    patient.clock.offset = 31 * 86_400;
    await ended;
    expect(await client.statusOf(telemetryOf(device))).toBe('closed');
    const codes = patient.log.filter(({ msg }) => msg === 'connection refused').map(({ code }) => code);
    expect(codes).toContain('CERT_EXPIRED');
    await patient.close();
  });
});

describe('a gateway that is cut off', () => {
  it('enforces what it knew, then refuses everybody but on routes that allow it, then recovers', async () => {
    const feed = await TcpProxy.open(world.service.urls.gateway);
    const feedUrl = feed.through(world.service.urls.gateway);
    const cut = await world.startGateway('gw-cut', { feedUrl, maxAge: 600 });
    const good = await world.makeDevice('CUT-1');
    const bad = await world.makeDevice('CUT-2');
    const [client, revoked] = [clientOf(good, cut), clientOf(bad, cut)];
    await until(() => revoked.statusOf(telemetryOf(bad)), 200);
    await world.change(bad, 'revocation');
    await until(() => revoked.statusOf(telemetryOf(bad)), 'closed');
    await until(() => client.statusOf(telemetryOf(good)), 200);

    await feed.cut();
    await until(() => cut.metric('touchmark_gateway_status_stale'), 0);
    expect(await client.statusOf(telemetryOf(good))).toBe(200);
    expect(await revoked.statusOf(telemetryOf(bad))).toBe('closed');

    const websocket = await client.websocket('/socket');
    const ended = closed(websocket);
    cut.clock.offset = 601;
    await ended;
    const answer = await client.call(telemetryOf(good));
    expect(answer).toMatchObject({ status: 503, body: { code: 'STATUS_STALE' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(await cut.ready()).toBe(503);
    expect(await client.statusOf('/lenient')).toBe(200);
    expect(await revoked.statusOf('/lenient')).toBe('closed');
    expect(await cut.metric('touchmark_gateway_allowed_while_stale_total{route="lenient"}')).toBe(1);
    expect(await cut.metric('touchmark_gateway_route_allows_stale{route="lenient"}')).toBe(1);

    // the clock is right again, and so is the network
    cut.clock.offset = 0;
    await feed.restore();
    await until(() => client.statusOf(telemetryOf(good)), 200);
    await until(() => cut.ready(), 200);
    await cut.close();
    await feed.close();
  });

  it('whose clock jumps back refuses everybody until it is right', async () => {
    const jumping = await world.startGateway('gw-jump', { maxAge: 600 });
    const device = await world.makeDevice('JUMP-1');
    const client = clientOf(device, jumping);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    jumping.clock.offset = -3_000;
    expect(await client.codeOf(telemetryOf(device))).toBe('STATUS_STALE');
    jumping.clock.offset = 0;
    expect(await client.codeOf(telemetryOf(device))).toBe('allowed');
    await jumping.close();
  });

  it('starts without the service, and still refuses the revoked', async () => {
    const first = await world.startGateway('gw-offline');
    const good = await world.makeDevice('OFF-1');
    const bad = await world.makeDevice('OFF-2');
    await until(() => clientOf(bad, first).statusOf(telemetryOf(bad)), 200);
    await world.change(bad, 'revocation');
    await until(() => clientOf(bad, first).statusOf(telemetryOf(bad)), 'closed');
    await first.close();

    const nowhere = { feedUrl: 'https://127.0.0.1:1', serviceUrl: 'https://127.0.0.1:1' };
    const second = await world.startGatewayIn(first.folder, nowhere);
    expect(await clientOf(good, second).statusOf(telemetryOf(good))).toBe(200);
    expect(await clientOf(bad, second).statusOf(telemetryOf(bad))).toBe('closed');
    await second.close();

    // and with nothing in its folder, it lets nobody in
    const blank = await world.startGatewayIn(first.folder, { ...nowhere, cacheDir: path.join(first.folder, 'blank') });
    expect(await clientOf(good, blank).codeOf(telemetryOf(good))).toBe('STATUS_STALE');
    expect(await clientOf(bad, blank).codeOf(telemetryOf(bad))).toBe('STATUS_STALE');
    await blank.close();
  });

  it('keeps its sightings until the service is back', async () => {
    const service = await TcpProxy.open(world.service.urls.device);
    const away = await world.startGateway('gw-sightings', { serviceUrl: service.through(world.service.urls.device) });
    const device = await world.makeDevice('SIGHT-1');
    await service.cut();
    await until(() => clientOf(device, away).statusOf(telemetryOf(device)), 200);
    await away.reportSightings();
    expect(await away.metric('touchmark_gateway_sightings_waiting')).toBe(1);
    await service.restore();
    await away.reportSightings();
    expect(await away.metric('touchmark_gateway_sightings_waiting')).toBe(0);
    expect(await away.metric('touchmark_gateway_sightings_total{outcome="reported"}')).toBe(1);
    await away.close();
    await service.close();
  });
});

describe('knowledge that becomes too old', () => {
  it('ends streams, WebSockets, uploads and idle connections at that moment, but not what a route lets go on', async () => {
    const feed = await TcpProxy.open(world.service.urls.gateway);
    const old = await world.startGateway('gw-old', { feedUrl: feed.through(world.service.urls.gateway), maxAge: 600 });
    const device = await world.makeDevice('OLD-1');
    const client = clientOf(device, old);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    await feed.cut();

    const idle = await client.connect();
    const used = await client.connect();
    expect(await requestOn(used, telemetryOf(device))).toMatch(/^HTTP\/1\.1 200 /);
    const websocket = await client.websocket('/socket');
    const stream = await client.begin('/stream');
    stream.on('error', () => undefined).resume();
    const upload = await client.connect();
    upload.write(`POST ${telemetryOf(device)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nbegun`);
    const lenient = await client.begin('/lenient/stream');
    lenient.on('error', () => undefined).resume();
    const lenientClosed = closed(lenient);
    // telemetry's upload, the WebSocket and both streams
    await until(() => old.metric('touchmark_gateway_exchanges'), 4);

    const ended = Promise.all([idle, used, websocket, stream, upload].map(closed));
    old.clock.offset = 601;
    await ended;
    expect(await old.metric('touchmark_gateway_connections_ended_total{code="STATUS_STALE"}')).toBe(5);
    expect(await client.codeOf(telemetryOf(device))).toBe('STATUS_STALE');
    expect(lenient.destroyed).toBe(false);
    expect(await old.metric('touchmark_gateway_exchanges')).toBe(1);

    // a policy that no longer lets that route go on
    await writeFile(old.policyFile, testPolicy.replaceAll('whenStale: allow', 'whenStale: deny'));
    await old.reloadPolicy();
    await lenientClosed;
    expect(await client.codeOf('/lenient')).toBe('STATUS_STALE');
    await old.close();
    await feed.close();
  });

  it('leaves idle connections alone where the configuration lets routes go on that do not say', async () => {
    const lax = await world.startGateway('gw-lax', { maxAge: 600, whenStale: 'allow' });
    await writeFile(lax.policyFile, testPolicy.replace('path: /stream\n', 'path: /stream\n    whenStale: deny\n'));
    await lax.reloadPolicy();
    const device = await world.makeDevice('LAX-1');
    const client = clientOf(device, lax);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    const idle = await client.connect();
    const stream = await client.begin('/stream');
    const ended = closed(stream.on('error', () => undefined).resume());
    // the clock went back
    lax.clock.offset = -3_000;
    await ended;
    expect(await requestOn(idle, telemetryOf(device))).toMatch(/^HTTP\/1\.1 200 /);
    idle.destroy();
    await lax.close();
  });
});

describe('a gateway whose own certificate is over', () => {
  it('vouches for nobody, is not ready, and goes on when it has another one', async () => {
    const patient = await world.startGateway('gw-over', { maxAge: 400 * DAY });
    const device = await world.makeDeviceFor(398 * DAY, 'OVER-1');
    const client = clientOf(device, patient);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    const { notAfter } = patient.credentials.client.current().certificate;
    const end = 'touchmark_gateway_certificate_end_seconds{name="gateway-client"}';
    expect(await patient.metric(end)).toBe(notAfter);

    const now = Math.floor(Date.now() / 1000);
    patient.clock.offset = notAfter - now + 60;
    expect(await client.call(telemetryOf(device))).toMatchObject({ status: 503, body: { code: 'GATEWAY_EXPIRED' } });
    await expect(client.websocket('/socket')).rejects.toThrow(/503/);
    expect(await patient.ready()).toBe(503);

    // no token outlives the certificate that it is signed with
    patient.clock.offset = notAfter - now - 20;
    expect(await client.statusOf(telemetryOf(device))).toBe(200);
    const [, claims = ''] = String(world.upstream.last.headers['touchmark-identity']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).exp).toBe(notAfter);

    // the next one was issued a moment later than this one, and ends as much later
    await world.ripen(patient.credentials.client.current().certificate.der);
    await patient.credentials.client.renew();
    patient.clock.offset = 0;
    expect(await patient.metric(end)).toBeGreaterThanOrEqual(notAfter);
    expect(await client.statusOf(telemetryOf(device))).toBe(200);
    await patient.close();
  });
});

describe('an upstream that speaks TLS', () => {
  it('must be certified by upstreamCa, and is shown the gateway’s certificate, for requests and WebSockets', async () => {
    const [mine, other] = [TestCa.root({ subject: 'Upstream root' }), TestCa.root({ subject: 'Other root' })];
    const now = Math.floor(Date.now() / 1000);
    const dates = { notBefore: now - 60, notAfter: now + 3600 };
    const { der, key } = mine.issue({
      ...dates,
      extKeyUsage: [Oid.serverAuth],
      subjectAltName: [{ kind: 'iPAddress', value: Uint8Array.of(127, 0, 0, 1) }],
    });
    const tls = { cert: encodePem('CERTIFICATE', der), key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }) };
    const secure = await TestUpstream.open(tls);
    const device = await world.makeDevice('TLS-1');
    const fileOf = async (name: string, ca: TestCa): Promise<string> => {
      const file = path.join(await world.newFolder(), name);
      await writeFile(file, encodePem('CERTIFICATE', ca.der));
      return file;
    };

    const good = await world.startGateway('gw-tls', { upstream: secure.url, upstreamCa: await fileOf('ca.pem', mine) });
    const client = clientOf(device, good);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    expect(secure.last.shown).toBe('gw-tls');
    expect((await client.call(telemetryOf(device), { method: 'POST', body: 'hello' })).body).toMatchObject({
      bodyLength: 5,
    });
    const websocket = await client.websocket('/socket');
    websocket.write('over TLS');
    const [echo]: Buffer[] = await once(websocket, 'data');
    expect(String(echo)).toBe('over TLS');
    expect(secure.last.shown).toBe('gw-tls');
    websocket.destroy();
    await good.close();

    const before = secure.reached.length;
    for (const upstreamCa of [await fileOf('other.pem', other), undefined]) {
      const wary = await world.startGateway('gw-wary', { upstream: secure.url, ...(upstreamCa && { upstreamCa }) });
      await until(() => clientOf(device, wary).codeOf(telemetryOf(device)), 'UPSTREAM_UNREACHABLE');
      await expect(clientOf(device, wary).websocket('/socket')).rejects.toThrow(/502/);
      await wary.close();
    }
    expect(secure.reached.length).toBe(before);
    await secure.close();
  });
});

describe('a gateway whose own certificate is revoked', () => {
  it('is refused by the feed and by the service, grows stale and refuses everybody', async () => {
    const fallen = await world.startGateway('gw-fallen', { maxAge: 600 });
    const device = await world.makeDevice('FALL-1');
    const client = clientOf(device, fallen);
    await until(() => client.statusOf(telemetryOf(device)), 200);
    await world.revokeCertificate(fallen.credentials.client.current().certificate.der);
    await until(
      async () => (await fallen.metric('touchmark_gateway_feed_attempts_total{outcome="FEED_REFUSED"}')) > 0,
      true,
    );
    await fallen.reportSightings();
    expect(await fallen.metric('touchmark_gateway_sightings_total{outcome="failed"}')).toBe(1);
    fallen.clock.offset = 601;
    expect(await client.codeOf(telemetryOf(device))).toBe('STATUS_STALE');
    await fallen.close();
  });
});

describe('trouble', () => {
  it('a cache folder that cannot be written to: goes on in memory, and says so', async () => {
    const folder = await world.newFolder();
    // a file where the folder should be stops root, too
    const file = path.join(folder, 'no-folder');
    await writeFile(file, '');
    await chmod(file, 0o400);
    const blind = await world.startGateway('gw-blind', { cacheDir: file });
    const device = await world.makeDevice('BLIND-1');
    await until(() => clientOf(device, blind).statusOf(telemetryOf(device)), 200);
    expect(blind.log.some(({ msg }) => msg === 'the cache folder cannot be used')).toBe(true);
    await blind.close();
  });

  it('an upstream that is away: 502; one that does not answer: 504', async () => {
    const device = await world.makeDevice('UP-1');
    const dead = await world.startGateway('gw-dead', { upstream: 'http://127.0.0.1:1' });
    const client = clientOf(device, dead);
    await until(() => client.codeOf(telemetryOf(device)), 'UPSTREAM_UNREACHABLE');
    expect((await client.call(telemetryOf(device), { method: 'POST', body: 'x' })).status).toBe(502);
    await expect(client.websocket('/socket')).rejects.toThrow(/502/);
    await dead.close();

    const limits = { ...gatewayLimits, upstreamSeconds: 1 };
    const impatient = await world.startGateway('gw-impatient', { limits });
    await until(() => clientOf(device, impatient).codeOf('/slow'), 'UPSTREAM_TIMEOUT');
    await impatient.close();
  });

  it('a client that breaks off takes its request to the upstream along', async () => {
    const device = await world.makeDevice('BREAK-1');
    const response = await clientOf(device).begin('/stream');
    expect(world.upstream.open.size).toBe(1);
    response.destroy();
    await until(async () => world.upstream.open.size, 0);
  });
});

describe('one device', () => {
  it('does not take the upstream from others, however many requests it leaves open', async () => {
    const fair = await world.startGateway('gw-fair', { limits: fairLimits });
    const greedy = await world.makeDevice('GREEDY-1');
    const other = await world.makeDevice('MODEST-1');
    const socket = await clientOf(greedy, fair).connect();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += String(chunk)));
    socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(16));
    const refused = () => fair.metric('touchmark_gateway_requests_total{route="stream",outcome="RATE_LIMITED"}');
    await until(refused, 14);
    expect(await clientOf(other, fair).statusOf(telemetryOf(other))).toBe(200);
    await expect.poll(() => text).toMatch(/^HTTP\/1\.1 200 /);
    expect(await clientOf(greedy, fair).codeOf('/stream')).toBe('RATE_LIMITED');
    socket.destroy();
    // what it had open is its own again
    await until(() => clientOf(greedy, fair).statusOf(telemetryOf(greedy)), 200);
    await fair.close();
  });

  it('has as many connections as it may have: one more closes its oldest', async () => {
    const fair = await world.startGateway('gw-few', { limits: fairLimits });
    const client = clientOf(await world.makeDevice('MANY-1'), fair);
    const other = await clientOf(await world.makeDevice('MANY-2'), fair).connect();
    const first = await client.connect();
    const end = once(first, 'close');
    const later = [await client.connect(), await client.connect(), await client.connect()];
    await end;
    expect([other, ...later].map((one) => one.destroyed)).toEqual([false, false, false, false]);
    expect(await fair.metric('touchmark_gateway_connections_ended_total{code="RATE_LIMITED"}')).toBe(1);
    for (const one of [other, ...later]) one.destroy();
    await fair.close();
  });
});

const gatewayLimits = {
  connections: 100,
  connectionsPerDevice: 8,
  exchangesPerDevice: 16,
  bodySeconds: 60,
  handshakes: 100,
  maxBody: 1000,
  headerSize: 16_384,
  idleSeconds: 60,
  connectionSeconds: 60,
  upstreamSeconds: 60,
  upstreamConnections: 10,
};

const fairLimits = { ...gatewayLimits, upstreamConnections: 4, exchangesPerDevice: 2, connectionsPerDevice: 3 };
