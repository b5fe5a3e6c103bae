import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { TLSSocket } from 'node:tls';

import { SeatValue } from '@touchmark/status-list';
import { type FeedExchange, generateTestKey } from '@touchmark/testkit';
import type { Verifier, VerifierEvent } from '@touchmark/verifier';
import { encodePem } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

const ofType = (type: VerifierEvent['type']) => (event: VerifierEvent) => event.type === type;

function tracked(gateway: TestGateway, verifier: Verifier, certificate: { der: Uint8Array }): PassThrough {
  const answer = verifier.verify([certificate.der], { at: gateway.clock.now, purpose: 'client' });
  if (!answer.ok) throw answer.error;
  const connection = new PassThrough();
  verifier.track(connection, answer);
  return connection;
}

describe('Age', () => {
  it('heads withheld: refuses from the exact second, ends connections, and accepts again with the next head', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open({ maxAge: 10 });
    const connection = tracked(gateway, verifier, device);
    clock.now += 10;
    expect(gateway.verdict(verifier, device)).toBe('accepted');
    const [closed, stale] = [once(connection, 'close'), gateway.next(ofType('stale'))];
    clock.now += 1;
    expect(gateway.verdict(verifier, device)).toBe('STATUS_STALE');
    await Promise.all([closed, stale]);
    const fresh = gateway.next(ofType('fresh'));
    feed.sendHead();
    await fresh;
    expect(gateway.verdict(verifier, device)).toBe('accepted');
  });

  it('says at the start what it is, and then what it becomes', async () => {
    await using gateway = await TestGateway.start();
    const ages = (): string[] =>
      gateway.events.map(({ type }) => type).filter((type) => type === 'stale' || type === 'fresh');
    await (await gateway.open()).close();
    expect(ages()).toEqual(['fresh']);
    gateway.feed.script = ({ request }) => request.socket.destroy();
    gateway.clock.now += 3600;
    await gateway.open();
    expect(ages()).toEqual(['fresh', 'stale']);
    const fresh = gateway.next(ofType('fresh'));
    gateway.feed.script = (exchange) => gateway.feed.answerHonestly(exchange);
    await fresh;
    expect(ages()).toEqual(['fresh', 'stale', 'fresh']);
  });

  it('the news of a batch alone makes nothing younger', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open({ maxAge: 10 });
    clock.now += 11;
    feed.send('batch', status.change(status.issueDevice('A-2'), SeatValue.invalid));
    await gateway.caughtUp(verifier);
    expect(gateway.verdict(verifier, device)).toBe('STATUS_STALE');
  });

  it.each([
    ['forwards', 3600],
    ['backwards', -3600],
    ['to the beginning', -1_700_000_000],
    ['to nowhere', Number.NaN],
  ])('a clock that jumps %s refuses until it is right again', async (_name, jump) => {
    await using gateway = await TestGateway.start();
    const { status, clock } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open();
    const { now } = clock;
    clock.now += jump;
    expect(verifier.verify([device.der], { at: now, purpose: 'client' })).toMatchObject({
      ok: false,
      error: { code: 'STATUS_STALE' },
    });
    expect(verifier.status().stale).toBe(true);
    clock.now = now;
    expect(gateway.verdict(verifier, device)).toBe('accepted');
  });

  it('a gateway that starts with a clock of long ago refuses, and goes on when its clock is set', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    await (await gateway.open()).close();
    const { now } = clock;
    // the service goes on living in the present
    const [head, snapshot] = [status.head(now), feed.makeSnapshot().message];
    feed.script = ({ response }) => {
      feed.openStream(response);
      feed.sendSigner(status.signer);
      feed.send('snapshot', snapshot);
      feed.send('head', head);
    };
    clock.now = 0;
    const verifier = await gateway.open({ headInterval: 0.1 });
    expect(verifier.status()).toMatchObject({ epoch: 1, stale: true });
    expect(verifier.verify([device.der], { at: now, purpose: 'client' })).toMatchObject({
      error: { code: 'STATUS_STALE' },
    });
    clock.now = now;
    expect(gateway.verdict(verifier, device)).toBe('accepted');
  });

  it('whenStale allow: goes on with what was known, says so each time, and still refuses what was revoked', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const [good, revoked] = [status.issueDevice('A-1'), status.issueDevice('A-2')];
    const verifier = await gateway.open({ whenStale: 'allow' });
    feed.send('batch', status.change(revoked, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    const connection = tracked(gateway, verifier, good);
    const stale = gateway.next(ofType('stale'));
    clock.now += 3600;
    await stale;
    const from = gateway.events.length;
    expect(gateway.verdict(verifier, good)).toBe('accepted');
    expect(gateway.verdict(verifier, revoked)).toBe('CERT_REVOKED');
    expect(gateway.events.slice(from).map(({ type }) => type)).toEqual(['accepted-while-stale']);
    expect(connection.destroyed).toBe(false);
  });

  it('whenStale allow with nothing known: nobody is accepted', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    feed.script = ({ request }) => request.socket.destroy();
    const verifier = await gateway.open({ whenStale: 'allow' });
    const chain = [status.issueDevice('A-1').der, status.ldevid.der];
    expect(verifier.verify(chain, { at: clock.now, purpose: 'client' })).toMatchObject({
      error: { code: 'STATUS_UNKNOWN' },
    });
  });
});

describe('Tracked connections', () => {
  it.each<[string, (gateway: TestGateway, device: { der: Uint8Array }) => void]>([
    ['is suspended', ({ feed, status }, { der }) => feed.send('batch', status.change(der, SeatValue.suspended))],
    [
      'is under a CA that is revoked',
      ({ feed, status }) => feed.send('batch', status.change(status.ldevid.der, SeatValue.invalid)),
    ],
    [
      'is in a list that is retired',
      ({ feed, status }) => feed.send('batch', status.append([{ kind: 'list-retired', listId: 2 }])),
    ],
    [
      'is unknown to the next snapshot',
      ({ feed, status }) => {
        status.forget(2);
        status.newEpoch();
        feed.cut();
      },
    ],
  ])('ends one whose certificate %s', async (_name, act) => {
    await using gateway = await TestGateway.start();
    const device = gateway.status.issueDevice('A-1');
    const verifier = await gateway.open();
    const connection = tracked(gateway, verifier, device);
    const closed = once(connection, 'close');
    act(gateway, device);
    await closed;
    expect(connection.destroyed).toBe(true);
  });

  it('ends one whose certificate is over', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1', { notAfter: clock.now + 5 });
    const lasting = status.issueDevice('A-2');
    const verifier = await gateway.open();
    const [short, long] = [tracked(gateway, verifier, device), tracked(gateway, verifier, lasting)];
    const closed = once(short, 'close');
    clock.now += 6;
    feed.sendHead();
    await closed;
    expect(long.destroyed).toBe(false);
    expect(gateway.events.filter(ofType('connection-ended'))).toEqual([
      { type: 'connection-ended', code: 'CERT_EXPIRED' },
    ]);
  });

  it('ends one at once whose certificate fell between the answer and the tracking', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open();
    const answer = verifier.verify([device.der], { at: clock.now, purpose: 'client' });
    if (!answer.ok) throw answer.error;
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    const connection = new PassThrough();
    verifier.track(connection, answer);
    expect(connection.destroyed).toBe(true);
    expect(() => verifier.track(connection, { ...answer, certificate: { ...answer.certificate } })).toThrow(TypeError);
  });
});

describe('Following', () => {
  it('polls where streams do not get through, and streams again when they do', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const honest = feed.script;
    // a proxy that keeps the stream for itself
    feed.script = (exchange: FeedExchange) => {
      if (exchange.wantsStream) feed.openStream(exchange.response);
      else honest(exchange);
    };
    const verifier = await gateway.open({ headInterval: 0.1 });
    await gateway.since(0, (event) => event.type === 'connected' && event.mode === 'poll');
    const device = status.issueDevice('A-1');
    status.change(device, SeatValue.invalid);
    await gateway.caughtUp(verifier);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
    const from = gateway.events.length;
    feed.script = honest;
    const ticking = setInterval(() => (gateway.clock.now += 1), 20);
    await gateway.since(from, (event) => event.type === 'connected' && event.mode === 'stream');
    clearInterval(ticking);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  });

  it.each([
    ['no JSON', 'noise'],
    ['another shape', '{"messages":[]}'],
    ['no array of pairs', '{"signers":["a"],"messages":[]}'],
    ['no base64', '{"signers":[],"messages":["*"]}'],
  ])('a poll that answers %s is refused, and the next one is asked', async (_name, body) => {
    await using gateway = await TestGateway.start();
    const { feed } = gateway;
    const honest = feed.script;
    let answers = 0;
    feed.script = (exchange: FeedExchange) => {
      answers += exchange.wantsStream ? 0 : 1;
      if (exchange.wantsStream) exchange.response.writeHead(404).end();
      else if (answers > 1) honest(exchange);
      else exchange.response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    };
    const verifier = await gateway.open();
    await gateway.since(0, (event) => event.type === 'disconnected' && event.code === 'FEED_MALFORMED');
    await gateway.since(0, ofType('fresh'));
    expect(verifier.status()).toMatchObject({ epoch: 1, stale: false });
  });

  it('stays away as long as it is asked to', async () => {
    await using gateway = await TestGateway.start();
    gateway.feed.script = ({ response }) => response.writeHead(429, { 'retry-after': '7' }).end();
    await gateway.open();
    expect(await gateway.since(0, ofType('disconnected'))).toMatchObject({ code: 'FEED_REFUSED', retryIn: 7 });
  });

  it('goes on with a renewed certificate at once, and refuses one that cannot be used', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const verifier = await gateway.open();
    const renewed = status.issueInfrastructure('gateway/g-1');
    const tls = {
      cert: encodePem('CERTIFICATE', renewed.der),
      key: renewed.key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      ca: feed.tls.ca,
    };
    const foreign = generateTestKey().privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(() => verifier.setTls({ ...tls, key: foreign })).toThrow();
    const again = feed.nextRequest();
    verifier.setTls(tls);
    const { socket } = (await again).request;
    expect(socket instanceof TLSSocket && socket.getPeerCertificate().raw).toEqual(Buffer.from(renewed.der));
  });

  it('a restored service begins a new epoch, which is followed', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const verifier = await gateway.open();
    status.newEpoch(4);
    const device = status.issueDevice('A-1');
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    expect(verifier.status().epoch).toBe(4);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  });

  it('leaves nothing behind when it is closed, whatever it was doing', async () => {
    await using gateway = await TestGateway.start();
    const { feed } = gateway;
    const verifier = await gateway.open();
    await verifier.close();
    await verifier.close();
    const before = feed.requests.length;
    feed.script = () => undefined;
    const asked = feed.nextRequest();
    const other = await gateway.open();
    const closed = once((await asked).request.socket, 'close');
    await other.close();
    await closed;
    expect(feed.requests.length).toBe(before + 1);
  });
});

describe('Options that cannot be used', () => {
  it.each<[string, Parameters<TestGateway['open']>]>([
    ['plain http', [{ source: { url: 'http://localhost:1', tls: { cert: '', key: '', ca: '' } } }]],
    ['maxAge 0', [{ maxAge: 0 }]],
    ['maxAge NaN', [{ maxAge: Number.NaN }]],
    ['an endless maxAge', [{ maxAge: Number.POSITIVE_INFINITY }]],
    ['a negative maxClockSkew', [{ maxClockSkew: -1 }]],
    ['no room for certificates', [{}, { maxKnownCertificates: 0 }]],
  ])('%s: TypeError', async (_name, options) => {
    await using gateway = await TestGateway.start();
    await expect(gateway.open(...options)).rejects.toThrow(TypeError);
  });

  it('an anchor that is no certificate', async () => {
    await using gateway = await TestGateway.start();
    await expect(gateway.open({}, { trustAnchors: [Uint8Array.of(1)] })).rejects.toMatchObject({
      code: 'CERTIFICATE_MALFORMED',
    });
  });
});
