import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { Oid } from '@touchmark/der';
import { encodeSerialNumber } from '@touchmark/status-list';
import { TestCa, TestStatusChain, TestStatusSigner } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { GATEWAY_LIST, TestFeedService, TestFollower } from './fixture/feed.js';
import { now, testRealm } from './fixture/responder.js';

let service: TestFeedService;
beforeAll(async () => {
  service = await TestFeedService.start(inject('databaseUrl'), { feedConnectsPerMinute: 50 });
});
afterAll(() => service?.close());

const beyond = () => encodeSerialNumber({ listId: GATEWAY_LIST, index: 4096, random: randomBytes(8) });
const foreign = () =>
  TestCa.root({ subject: 'Test infrastructure-g1 CA', notBefore: now() - 60, notAfter: now() + 60 });
const ofRealm = (path: string) => ({ uri: `spiffe://${testRealm}/${path}` });

describe('who may follow', () => {
  const lived = { notBefore: now() - 7200, notAfter: now() - 3600 };
  it.each([
    ['a service', () => service.gateway(ofRealm('service/enrollment'))],
    ['a gateway', () => service.gateway()],
  ])('%s of the realm may', async (_name, make) => {
    const client = await service.follow(make());
    expect(client.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    expect((await client.next()).type).toBe('signer');
    client.close();
  });

  it.each([
    ['no certificate', () => ({ ca: service.serverCa }), 401, 'CERTIFICATE_MISSING'],
    ["a device's certificate", () => service.gateway(ofRealm('device/m/1'), service.ldevid), 401, 'UNKNOWN_ISSUER'],
    ['a gateway of a foreign CA', () => service.gateway({}, foreign()), 401, 'BAD_SIGNATURE'],
    ["a server's certificate", () => service.gateway({ extKeyUsage: [Oid.serverAuth] }), 401, 'EXT_KEY_USAGE_MISSING'],
    ['an expired certificate', () => service.gateway(lived), 401, 'CERT_EXPIRED'],
    ['a seat that was never leased', () => service.gateway({ serialNumber: beyond() }), 401, 'STATUS_UNKNOWN'],
    [
      "a device's name under the right CA",
      () => service.gateway(ofRealm('device/m/1')),
      403,
      'CERTIFICATE_NOT_GATEWAY',
    ],
    ['another realm', () => service.gateway({ uri: 'spiffe://other.test/gateway/a' }), 403, 'REALM_FOREIGN'],
  ])('%s is refused', async (_name, make, status, code) => {
    for (const accept of ['text/event-stream', 'application/json']) {
      const answer = await service.ask(make(), '', { Accept: accept });
      expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
      expect(JSON.parse(answer.body)).toMatchObject({ code, status, type: `urn:touchmark:error:${code}` });
    }
  });

  it.each([
    ['revoked', 1, 'CERT_REVOKED'],
    ['suspended', 2, 'CERT_SUSPENDED'],
  ] as const)(
    'a gateway that is %s loses its streams and polls at once, and is refused from then on',
    async (_name, value, code) => {
      const gateway = service.gateway();
      const other = await service.follow(service.gateway());
      const client = await service.follow(gateway);
      const { head } = service.running.responder.feedHub.window ?? {};
      const polled = service.poll(gateway, `?epoch=1&after=${head?.sequence}`);
      await client.next('head');
      await expect.poll(() => service.running.responder.feed.size).toBe(3);
      await service.database.revoke(GATEWAY_LIST, [gateway.index], 1, value);
      expect(await client.ended).toBe(true);
      expect(await polled).toMatchObject({ status: 401, body: expect.stringContaining(code) });
      expect(await service.ask(gateway)).toMatchObject({ status: 401, body: expect.stringContaining(code) });
      await service.publishHead(now() + value);
      await other.next('head');
      other.close();
    },
  );

  it('a gateway whose certificate ends loses its stream then', async () => {
    const notAfter = now() + 1;
    const gateway = service.gateway({ notAfter });
    const client = await service.follow(gateway);
    await client.next('signer');
    expect(await client.ended).toBe(true);
    expect(now()).toBeGreaterThan(notAfter);
    expect(await service.ask(gateway)).toMatchObject({ status: 401, body: expect.stringContaining('CERT_EXPIRED') });
  });

  it('is told on this port only, and nothing else is there', async () => {
    const url = service.running.gatewayUrl;
    const gateway = service.gateway();
    for (const path of ['/status/snapshot', '/ocsp/x', '/crl/all.pem', '/metrics'])
      expect([path, (await service.ask(gateway, `/../..${path}`)).status]).toEqual([path, 404]);
    expect(url).not.toBe(service.running.url);
    expect((await fetch(`${service.running.url}/status/feed`)).status).toBe(404);
  });
});

describe('a stream', () => {
  it('begins with the signers, the snapshot, what is behind it, and the head; then tells what is new', async () => {
    await service.revoke(1);
    await service.publishHead();
    await service.knows(service.chain.sequence);
    const { sequence } = service.chain;
    const client = await service.follow(service.gateway());
    await client.next('head');
    const [signer, snapshot] = client.events;
    expect([signer?.type, signer?.id]).toEqual(['signer', undefined]);
    expect(snapshot?.id).toBe('1.2');
    expect(client.places.slice(-2)).toEqual([`batch 1.${sequence}`, `head 1.${sequence}`]);

    const follower = new TestFollower(service.infrastructure);
    follower.take(...client.events);
    expect(follower.journal.position).toMatchObject({ epoch: 1, sequence });

    await service.revoke(2, 3);
    const batch = await client.next('batch');
    await service.publishHead();
    follower.take(batch, await client.next('head'));
    expect(follower.journal.position).toMatchObject({ sequence: sequence + 1 });
    const {
      listId,
      signer: { keyId },
    } = service.chain;
    for (const index of [1, 2, 3]) expect(follower.journal.lookup(keyId, { listId, index })).toBe(1);
    expect(follower.journal.lookup(keyId, { listId, index: 4 })).toBe(0);
    client.close();
  });

  it('goes on from every place at which it may be cut', async () => {
    // several batches, one of them of several entries, and heads between
    for (const indexes of [[10], [11, 12], [13]]) {
      await service.revoke(...indexes);
      await service.publishHead();
    }
    await service.knows(service.chain.sequence);
    const whole = await service.follow(service.gateway());
    const end = `head 1.${service.chain.sequence}`;
    while (whole.places.at(-1) !== end) await whole.next();
    whole.close();
    for (let cut = 1; cut <= whole.events.length; cut += 1) {
      const follower = new TestFollower(service.infrastructure);
      follower.take(...whole.events.slice(0, cut));
      const resumed = await service.follow(service.gateway(), follower.query);
      while (resumed.places.at(-1) !== end) await resumed.next();
      resumed.close();
      follower.take(...resumed.events);
      expect(follower.journal.position).toMatchObject({ epoch: 1, sequence: service.chain.sequence });
      // what was known is not sent again
      const known = follower.query !== '' && cut > 1;
      expect(
        resumed.places.some((place) => place.startsWith('snapshot')),
        `cut after ${cut}`,
      ).toBe(!known);
    }
  });

  it.each([
    ['inside of a batch', () => '?epoch=1&after=1'],
    ['in the future', () => `?epoch=1&after=${service.chain.sequence + 5}`],
    ['of an epoch that is to come', () => '?epoch=9&after=2'],
  ])('from a position %s begins with the snapshot', async (_name, query) => {
    const client = await service.follow(service.gateway(), query());
    await client.next('head');
    expect(client.places[1]).toBe('snapshot 1.2');
    new TestFollower(service.infrastructure).take(...client.events);
    client.close();
  });

  it('goes on behind the id of the last event, as a browser asks', async () => {
    const { sequence } = service.chain;
    const client = await service.follow(service.gateway(), '?epoch=1&after=0', { 'Last-Event-ID': `1.${sequence}` });
    await client.next('head');
    expect(client.places).toEqual(['signer', `head 1.${sequence}`]);
    client.close();
  });

  it.each(['?epoch=1', '?after=1', '?epoch=0&after=1', '?epoch=1&after=x', '?epoch=1&epoch=1&after=1'])(
    'from %s is refused',
    async (query) => {
      expect(await service.ask(service.gateway(), query)).toMatchObject({
        status: 400,
        body: expect.stringContaining('POSITION_INVALID'),
      });
    },
  );

  it('introduces a new signer before its first message, and each only once', async () => {
    const client = await service.follow(service.gateway(), `?epoch=1&after=${service.chain.sequence}`);
    await client.next('head');
    const follower = new TestFollower(service.infrastructure);
    const known = await service.follow(service.gateway());
    await known.next('head');
    follower.take(...known.events);
    known.close();
    const before = client.events.length;
    service.chain.signer = new TestStatusSigner(service.infrastructure, testRealm, {
      notBefore: now() - 60,
      notAfter: now() + 3600,
    });
    await service.publishSigner(service.chain.signer);
    await service.revoke(20);
    await service.publishHead();
    await client.next('head');
    await service.revoke(21);
    await client.next('batch');
    const news = client.events.slice(before);
    expect(news.map(({ type }) => type)).toEqual(['signer', 'batch', 'head', 'batch']);
    follower.take(...news);
    client.close();
  });
});

describe('a long poll', () => {
  it('has everything at once for who knows nothing, and what is new for who knows more', async () => {
    await service.publishHead();
    await service.knows(service.chain.sequence);
    const gateway = service.gateway();
    const follower = new TestFollower(service.infrastructure);
    const first = await service.poll(gateway);
    expect(first.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(Number(first.headers['content-length'])).toBe(first.body.length);
    follower.takeJson(first.body);
    const before = service.chain.sequence;
    expect(follower.journal.position).toMatchObject({ epoch: 1, sequence: before });

    const waiting = service.poll(gateway, follower.query);
    await expect.poll(() => service.running.responder.feed.size).toBe(1);
    await service.revoke(30);
    follower.takeJson((await waiting).body);
    expect(follower.journal.position).toMatchObject({ sequence: before + 1 });
  });

  it('waits for ten seconds, then has the newest head', async () => {
    await service.publishHead();
    await service.knows(service.chain.sequence);
    const gateway = service.gateway();
    const follower = new TestFollower(service.infrastructure);
    follower.takeJson((await service.poll(gateway)).body);
    const began = performance.now();
    const waiting = service.poll(gateway, follower.query);
    await expect.poll(() => service.running.responder.feed.size).toBe(1);
    const time = now() + 1;
    await service.publishHead(time);
    follower.takeJson((await waiting).body);
    expect(performance.now() - began).toBeGreaterThan(9_000);
    expect(follower.journal.position?.asOf).toBe(time);
  });
});

/** By name: that is what the server's certificate is for. */
const urlByName = (): string => service.url().replace('127.0.0.1', 'localhost');

describe('curl', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'touchmark-curl-'));
    const { cert, key } = service.gateway();
    const files = { 'gateway.pem': cert, 'gateway.key': key, 'infrastructure.pem': service.serverCa };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const curl = (...args: string[]) =>
    spawn('curl', ['-sS', '--cert', 'gateway.pem', '--key', 'gateway.key', '--cacert', 'infrastructure.pem', ...args], {
      cwd: folder,
    });

  it('follows the stream', async () => {
    const following = curl('-N', urlByName());
    let output = '';
    for await (const chunk of following.stdout) {
      output += String(chunk);
      if (/event: head\nid: \S+\ndata: \S+\n\n/.test(output)) break;
    }
    following.kill();
    expect(output).toMatch(/^event: signer\ndata: \S+ \S+\n\nevent: snapshot\nid: 1\.2\n/);
  });

  it('polls', async () => {
    const { stdout } = curl('-H', 'Accept: application/json', urlByName());
    const follower = new TestFollower(service.infrastructure);
    follower.takeJson(await readAll(stdout));
    expect(follower.journal.position).toMatchObject({ epoch: 1, sequence: service.chain.sequence });
  });
});

describe('limits', () => {
  it('a second request behind a stream, on the same connection, ends both and holds no place', async () => {
    const { cert, key } = service.gateway();
    const { port } = new URL(service.running.gatewayUrl);
    const socket = connect({
      host: '127.0.0.1',
      port: Number(port),
      servername: 'localhost',
      ca: service.serverCa,
      cert,
      key,
    });
    const closed = once(socket, 'close');
    const request = 'GET /status/feed HTTP/1.1\r\nHost: localhost\r\n\r\n';
    socket.resume().write(request + request);
    await closed;
    await expect.poll(() => service.running.responder.feed.size).toBe(0);
  });

  it('a gateway follows four times at most, and again once one has ended', async () => {
    const gateway = service.gateway();
    const clients = await Promise.all(Array.from({ length: 4 }, () => service.follow(gateway)));
    const refused = await service.ask(gateway);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '5']);
    expect(refused.body).toContain('STREAMS_EXHAUSTED');
    clients[0]?.close();
    await expect.poll(() => service.running.responder.feed.size).toBe(3);
    (await service.follow(gateway)).close();
    for (const client of clients) client.close();
  });

  it('a gateway has no more places with more certificates, and takes none from another', async () => {
    const certificates = Array.from({ length: 3 }, () =>
      service.gateway({ uri: `spiffe://${testRealm}/gateway/many` }),
    );
    const clients = await Promise.all(
      certificates.slice(0, 2).flatMap((certificate) => [service.follow(certificate), service.follow(certificate)]),
    );
    const refused = await service.ask(certificates[2] ?? service.gateway());
    expect(refused.body).toContain('STREAMS_EXHAUSTED');
    expect((await service.poll(service.gateway())).status).toBe(200);
    for (const client of clients) client.close();
  });

  it('a gateway that comes again and again is told when to come next; others are not concerned', async () => {
    const gateway = service.gateway();
    const asked = `?epoch=1&after=${service.chain.sequence - 1}`;
    for (let i = 0; i < 50; i += 1) expect((await service.poll(gateway, asked)).status).toBe(200);
    const refused = await service.poll(gateway, asked);
    expect(refused.status).toBe(429);
    expect(refused.body).toContain('CONNECTS_TOO_FREQUENT');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1);
    expect((await service.poll(service.gateway(), asked)).status).toBe(200);
  });
});

describe('who is refused keeps no connection', () => {
  it.each([
    ['the feed, without a certificate', '/status/feed', 401],
    ['no route', '/nothing', 404],
  ])('%s', async (_, path, status) => {
    const { hostname, port } = new URL(service.url());
    const socket = connect({ host: hostname, port: Number(port), ca: service.serverCa, servername: 'localhost' });
    let answer = '';
    socket.on('data', (octets: Buffer) => (answer += octets.toString()));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'close');
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.toLowerCase()).toContain('connection: close');
  });
});

describe('a new epoch', () => {
  it('begins for everybody with its snapshot, and ends the positions of the old one', async () => {
    const client = await service.follow(service.gateway());
    await client.next('head');
    const follower = new TestFollower(service.infrastructure);
    follower.take(...client.events);
    const waiting = service.poll(service.gateway(), follower.query);
    await expect.poll(() => service.running.responder.feed.size).toBe(2);
    const before = client.events.length;
    const old = follower.query;
    service.chain = new TestStatusChain(service.chain.signer, { epoch: 2 });
    await service.publish(service.chain.opening);
    await service.publishHead();
    await service.publishSnapshot();
    await client.next('snapshot');
    if (client.places.at(-1) !== 'head 2.2') await client.next('head');
    follower.take(...client.events.slice(before));
    expect(follower.journal.position).toMatchObject({ epoch: 2, sequence: 2 });
    expect((await waiting).body).toContain('"messages":["');
    client.close();

    const resumed = await service.follow(service.gateway(), old);
    await resumed.next('head');
    expect(resumed.places).toEqual(['signer', 'snapshot 2.2', 'head 2.2']);
    resumed.close();
  });
});
