import { Oid } from '@touchmark/der';
import { randomBytes } from 'node:crypto';

import { encodeJournalBatch, encodeSerialNumber, MAX_BUCKET_END, SeatValue } from '@touchmark/status-list';
import { generateTestKey, type TestCa, type TestCertificate, type TestSigner, TestStatus } from '@touchmark/testkit';
import type { StatusOptions, VerifierEvent } from '@touchmark/verifier';
import { encodePem, spkiSha256 } from '@touchmark/x509';
import { describe, expect, it, vi } from 'vitest';

import { TestGateway } from './gateway.js';

const stranger = new TestStatus();
const rsa = generateTestKey('RSA');
/** Silence is found after six tenths of a second. */
const IMPATIENT = { headInterval: 0.2 };

function refusedAs(code: string): (event: VerifierEvent) => boolean {
  return (event) => event.type === 'refused' && event.code === code;
}

function disconnectedAs(code: string): (event: VerifierEvent) => boolean {
  return (event) => event.type === 'disconnected' && event.code === code;
}

function issuedBy(ca: TestCa, { der, key }: TestCertificate): TestSigner {
  return { key, certificate: der, issuerCertificate: ca.der };
}

/** Another CA below the root, without extKeyUsage, as the one for IDevIDs is. */
function beside(status: TestStatus, subject = 'Status test IDevID CA'): TestCa {
  const serialNumber = encodeSerialNumber({ listId: 1, index: 9, random: randomBytes(8) });
  return status.root.issueCa({ subject, serialNumber, notAfter: 4_000_000_000 });
}

function signerOf(ca: TestCa, { realm }: TestStatus): TestSigner {
  const serialNumber = encodeSerialNumber({ listId: 11, index: 1, random: randomBytes(8) });
  const uri = { kind: 'uniformResourceIdentifier', value: `spiffe://${realm}/status/s` } as const;
  return issuedBy(ca, ca.issue({ extKeyUsage: null, serialNumber, subjectAltName: [uri] }));
}

/** `tls.ca` is the root instead of the infrastructure CA. */
function rootTrusted({ feed, status }: TestGateway): Partial<StatusOptions> {
  return { source: { url: feed.url, tls: { ...feed.tls, ca: encodePem('CERTIFICATE', status.root.der) } } };
}

/** The responder is honest again: what becomes of a certificate that is then revoked, and of another one. */
async function afterRecovery(
  gateway: TestGateway,
  verifier: Awaited<ReturnType<TestGateway['open']>>,
): Promise<readonly string[]> {
  const { status, feed } = gateway;
  const device = status.issueDevice('recovery');
  feed.script = (exchange) => feed.answerHonestly(exchange);
  const message = status.change(device, SeatValue.invalid);
  feed.send('batch', message);
  await gateway.caughtUp(verifier);
  return [device, status.issueDevice('unharmed')].map((one) => gateway.verdict(verifier, one));
}

const INFRASTRUCTURE = 'Status test infrastructure CA';
const RECOVERED = ['CERT_REVOKED', 'accepted'];

describe('A responder that lies: nothing is taken, and what is true is taken afterwards', () => {
  it.each<[string, string, (gateway: TestGateway) => void]>([
    [
      'a forged signature',
      'SIGNATURE_INVALID',
      ({ feed, status, clock }) => {
        const head = status.head(clock.now + 1);
        feed.send('head', head.with(head.length - 1, (head.at(-1) ?? 0) ^ 1));
      },
    ],
    [
      'a batch signed by a key without a certificate',
      'FOREIGN_KEY',
      ({ feed, status, clock }) =>
        feed.send('head', status.head(clock.now + 1, { signer: { ...status.signer, key: generateTestKey() } })),
    ],
    [
      'the snapshot of another service',
      'FOREIGN_KEY',
      ({ feed, clock }) => feed.send('snapshot', stranger.snapshot(clock.now)),
    ],
    [
      'half a message',
      'TRUNCATED',
      ({ feed, status, clock }) => feed.send('head', status.head(clock.now).slice(0, -1)),
    ],
    [
      'batches out of order',
      'GAP',
      ({ feed, status }) => {
        const device = status.issueDevice('x');
        const first = status.change(device, SeatValue.suspended);
        feed.send('batch', status.change(device, SeatValue.valid));
        feed.send('batch', first);
      },
    ],
    [
      'a head of a position that it holds back',
      'GAP',
      ({ feed, status, clock }) => {
        status.change(status.issueDevice('x'), SeatValue.invalid);
        feed.send('head', status.head(clock.now));
      },
    ],
    [
      'a batch that continues another journal',
      'HASH_MISMATCH',
      ({ feed, status }) => {
        const entries = [{ kind: 'seats', listId: 2, seats: [{ index: 0, value: SeatValue.valid }] }] as const;
        const previousHash = new Uint8Array(32).fill(7);
        feed.send('batch', status.sign('batch', encodeJournalBatch({ epoch: 1, first: 1, previousHash, entries })));
      },
    ],
    [
      'a head of another history',
      'HASH_MISMATCH',
      ({ feed, status, clock }) => feed.send('head', status.head(clock.now, { batchHash: new Uint8Array(32).fill(7) })),
    ],
    [
      'a batch that contradicts the lists',
      'BATCH_INCONSISTENT',
      ({ feed, status }) => {
        const entries = [{ kind: 'list-sealed', listId: 77 }] as const;
        const payload = encodeJournalBatch({ epoch: 1, first: 1, previousHash: status.batchHash, entries });
        feed.send('batch', status.sign('batch', payload));
      },
    ],
    [
      'a batch of an epoch that nobody has begun',
      'EPOCH_AHEAD',
      ({ feed, status }) => {
        const entries = [{ kind: 'list-sealed', listId: 2 }] as const;
        const payload = encodeJournalBatch({ epoch: 9, first: 1, previousHash: status.batchHash, entries });
        feed.send('batch', status.sign('batch', payload));
      },
    ],
    ['a head of the future', 'TIME_AHEAD', ({ feed, status, clock }) => feed.send('head', status.head(clock.now + 61))],
    [
      'a snapshot of the future',
      'TIME_AHEAD',
      ({ feed, status, clock }) => feed.send('snapshot', status.snapshot(clock.now + 61)),
    ],
  ])('%s', async (_name, code, lie) => {
    await using gateway = await TestGateway.start();
    const verifier = await gateway.open();
    const before = verifier.status();
    const refused = gateway.next(refusedAs(code));
    lie(gateway);
    await refused;
    expect(verifier.status()).toMatchObject({ epoch: before.epoch, asOf: before.asOf });
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('an older snapshot, and everything else once more', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const old = status.snapshot(clock.now);
    const head = status.head(clock.now);
    const verifier = await gateway.open();
    const batch = status.change(device, SeatValue.invalid);
    feed.send('batch', batch);
    await gateway.caughtUp(verifier);
    const known = verifier.status();
    const refused = gateway.next(refusedAs('SEQUENCE_BACK'));
    feed.send('batch', batch);
    feed.send('head', head);
    feed.send('snapshot', old);
    await refused;
    expect(verifier.status()).toEqual(known);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('the epoch before a restore', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const old = status.snapshot(clock.now);
    const verifier = await gateway.open();
    status.newEpoch();
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    expect(verifier.status()).toMatchObject({ epoch: 2, sequence: 1 });
    const refused = gateway.next(refusedAs('EPOCH_BACK'));
    feed.send('snapshot', old);
    await refused;
    expect(verifier.status()).toMatchObject({ epoch: 2, sequence: 1 });
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });
});

describe('A responder that brings its own signer', () => {
  it.each<[string, (status: TestStatus) => TestSigner, (Partial<StatusOptions> | 'root')?, Uint8Array[]?]>([
    ['a device', (status) => issuedBy(status.ldevid, status.issueDevice('A-1'))],
    ['a gateway', (status) => issuedBy(status.infrastructure, status.issueInfrastructure('gateway/g-2'))],
    ['a service', (status) => issuedBy(status.infrastructure, status.issueInfrastructure('service/responder'))],
    ['a status name from the CA of devices', (status) => status.issueSigner({ list: 2 })],
    ['one bounded to clientAuth', (status) => status.issueSigner({ extKeyUsage: [Oid.clientAuth] })],
    ['one that may not sign', (status) => status.issueSigner({ keyUsage: null })],
    ['no URI', (status) => status.issueSigner({ subjectAltName: null })],
    ['another realm', (status) => status.issueSigner({ uri: 'spiffe://other/status/s' }), { realm: 'devices.local' }],
    ['another realm, by default', (status) => status.issueSigner({ uri: 'spiffe://other/status/s' })],
    ['one of another root', () => stranger.signer],
    ['one of another trust anchor', () => stranger.signer, {}, [stranger.root.der]],
    ['a status name from another CA below the root', (status) => signerOf(beside(status), status)],
    ['the same, while the root is whom TLS trusts', (status) => signerOf(beside(status), status), 'root'],
    ['the same under the name of the infrastructure CA', (status) => signerOf(beside(status, INFRASTRUCTURE), status)],
    ['an RSA key', (status) => status.issueSigner({ key: rsa })],
    [
      'octets that are no certificate',
      (status) => ({ ...status.signer, key: generateTestKey(), certificate: Uint8Array.of(0x30, 0) }),
    ],
  ])('%s: refused, and what it signs is foreign', async (_name, make, options = {}, anchors = []) => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const verifier = await gateway.open(options === 'root' ? rootTrusted(gateway) : options, {
      trustAnchors: [status.root.der, ...anchors],
    });
    const signer = make(status);
    const from = gateway.events.length;
    feed.sendSigner(signer);
    feed.send('head', status.head(clock.now + 1, { signer }));
    expect(await gateway.since(from, (event) => event.type === 'refused')).toMatchObject({
      what: 'signer',
      code: 'SIGNER_REFUSED',
    });
    await gateway.since(from, refusedAs('FOREIGN_KEY'));
    expect(verifier.status().asOf).toBe(clock.now);
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('CAs that are named certify status keys, and no others do', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const other = beside(status);
    const signer = signerOf(other, status);
    const verifier = await gateway.open({ signerIssuers: [other.der] });
    expect(gateway.events).toContainEqual({ type: 'refused', what: 'signer', code: 'SIGNER_REFUSED' });
    expect(verifier.status().epoch).toBe(0);
    const issuerKeyId = spkiSha256(other.key.subjectPublicKeyInfo);
    status.adopt(other);
    status.append([
      { kind: 'list-opened', listId: 11, issuerKeyId, bucketEnd: MAX_BUCKET_END },
      { kind: 'block-leased', listId: 11, leasedTo: 16 },
    ]);
    feed.script = ({ response }) => {
      feed.openStream(response);
      feed.sendSigner(signer);
      feed.send('snapshot', status.snapshot(clock.now, { signer }));
    };
    await gateway.caughtUp(verifier);
    expect(verifier.status()).toMatchObject({ epoch: 1, sequence: 2 });
  });

  it('one that has ended speaks of its own time only', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const verifier = await gateway.open();
    const signer = status.issueSigner({ notAfter: clock.now + 10 });
    feed.sendSigner(signer);
    clock.now += 10;
    const from = gateway.events.length;
    feed.send('head', status.head(clock.now, { signer }));
    await gateway.since(from, (event) => event.type === 'position' && event.asOf === clock.now);
    clock.now += 1;
    feed.send('head', status.head(clock.now, { signer }));
    await gateway.since(from, refusedAs('SIGNER_REFUSED'));
    expect(verifier.status().asOf).toBe(clock.now - 1);
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('one whose seat is revoked says nothing more, and cannot take that back', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const verifier = await gateway.open();
    const lost = status.issueSigner();
    feed.signers = [lost, status.signer];
    feed.sendSigner(lost);
    feed.send('head', status.head(clock.now, { signer: lost }));
    feed.send('batch', status.change(lost.certificate, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    const { epoch, sequence } = status;

    // what somebody with the key would say: it never happened
    feed.script = ({ response }) => feed.openStream(response);
    status.newEpoch();
    status.change(lost.certificate, SeatValue.valid);
    for (const [type, message] of [
      ['snapshot', status.snapshot(clock.now, { signer: lost })],
      ['head', status.head(clock.now, { signer: lost })],
    ] as const) {
      const from = gateway.events.length;
      feed.send(type, message);
      await gateway.since(from, (event) => event.type === 'refused');
      await gateway.since(from, (event) => event.type === 'connected');
    }
    expect(verifier.status()).toMatchObject({ epoch, sequence });
  });

  it('a new one of the service, while the stream is open', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const verifier = await gateway.open();
    status.signer = status.issueSigner({ uri: 'spiffe://devices.local/status/status-2' });
    feed.sendSigner(status.signer);
    clock.now += 2;
    const moved = gateway.next((event) => event.type === 'position' && event.asOf === clock.now);
    feed.sendHead();
    await moved;
    expect(verifier.status().asOf).toBe(clock.now);
  });
});

describe('A responder that does not speak as it should', () => {
  it.each<[string, string, (gateway: TestGateway) => void]>([
    [
      'another content type',
      'FEED_REFUSED',
      ({ feed }) => (feed.script = ({ response }) => feed.openStream(response, 'text/html')),
    ],
    [
      'a redirect',
      'FEED_REFUSED',
      ({ feed }) => (feed.script = ({ response }) => response.writeHead(302, { location: feed.url }).end()),
    ],
    [
      'an encoding that was not asked for',
      'FEED_REFUSED',
      ({ feed }) =>
        (feed.script = ({ response }) =>
          response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end()),
    ],
    ['503', 'FEED_REFUSED', ({ feed }) => (feed.script = ({ response }) => response.writeHead(503).end())],
    [
      'the end of the stream',
      'FEED_ENDED',
      ({ feed }) => (feed.script = ({ response }) => (feed.openStream(response), response.end())),
    ],
    [
      'a connection that breaks',
      'FEED_UNREACHABLE',
      ({ feed }) => (feed.script = ({ request }) => request.socket.destroy()),
    ],
    ['silence before an answer', 'FEED_SILENT', ({ feed }) => (feed.script = () => undefined)],
    ['silence in the stream', 'FEED_SILENT', ({ feed }) => (feed.script = ({ response }) => feed.openStream(response))],
    [
      'what is no base64',
      'FEED_MALFORMED',
      ({ feed }) =>
        (feed.script = ({ response }) => (feed.openStream(response), feed.sendRaw('event: head\ndata: *\n\n'))),
    ],
    [
      'an event without end',
      'FEED_TOO_LARGE',
      ({ feed }) =>
        (feed.script = ({ response }) => {
          feed.openStream(response);
          feed.sendRaw(`event: batch\ndata: ${'A'.repeat(25 * 2 ** 20)}`);
        }),
    ],
    [
      'thousands of old heads',
      'FEED_TOO_LARGE',
      ({ feed, status, clock }) =>
        (feed.script = (exchange) => {
          feed.answerHonestly(exchange);
          const head = status.head(clock.now - 1);
          for (let i = 0; i < 5001; i += 1) feed.send('head', head);
        }),
    ],
    [
      'the same true snapshot thousands of times',
      'FEED_TOO_LARGE',
      ({ feed, status, clock }) =>
        (feed.script = (exchange) => {
          feed.answerHonestly(exchange);
          const snapshot = status.snapshot(clock.now);
          for (let i = 0; i < 5001; i += 1) feed.send('snapshot', snapshot);
        }),
    ],
    [
      'one signer that is none after another',
      'SIGNER_REFUSED',
      ({ feed, status }) =>
        (feed.script = (exchange) => {
          feed.answerHonestly(exchange);
          const none = status.issueSigner({ keyUsage: null });
          for (let i = 0; i < 17; i += 1) feed.sendSigner(none);
        }),
    ],
  ])('%s', async (_name, code, misbehave) => {
    await using gateway = await TestGateway.start();
    const verifier = await gateway.open({ headInterval: 1 });
    const from = gateway.events.length;
    misbehave(gateway);
    gateway.feed.cut();
    await gateway.since(from, disconnectedAs(code));
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('a drip of octets that never becomes an event', async () => {
    await using gateway = await TestGateway.start();
    const { feed } = gateway;
    const verifier = await gateway.open(IMPATIENT);
    const from = gateway.events.length;
    let drip: NodeJS.Timeout | undefined;
    feed.script = ({ response }) => {
      feed.openStream(response);
      clearInterval(drip);
      drip = setInterval(() => response.write('A'), 5);
    };
    feed.cut();
    await gateway.since(from, disconnectedAs('FEED_SILENT'));
    clearInterval(drip);
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('the same fresh head again and again is silence', async () => {
    await using gateway = await TestGateway.start();
    const { feed } = gateway;
    const verifier = await gateway.open(IMPATIENT);
    const from = gateway.events.length;
    const repeated = setInterval(() => feed.sendHead(), 5);
    await gateway.since(from, disconnectedAs('FEED_SILENT'));
    clearInterval(repeated);
    expect(await afterRecovery(gateway, verifier)).toEqual(RECOVERED);
  });

  it('a stream cut at any octet of an event', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open();
    const length = 400;
    const cuts = Array.from({ length }, (_, at) => at).filter((at) => at < 40 || at % 13 === 0);
    for (const at of cuts) {
      const message = status.change(device, at % 2 === 0 ? SeatValue.suspended : SeatValue.valid);
      const event = `event: batch\nid: 1.1\ndata: ${Buffer.from(message).toString('base64')}\n\n`;
      const again = feed.nextRequest();
      feed.sendRaw(event.slice(0, at));
      feed.cut();
      await again;
      await gateway.caughtUp(verifier);
      expect(gateway.verdict(verifier, device)).toBe(at % 2 === 0 ? 'CERT_SUSPENDED' : 'accepted');
    }
  });

  it('is not who it should be: its certificate comes from another CA, or has another name', async () => {
    await using gateway = await TestGateway.start();
    const { feed } = gateway;
    const source = { url: feed.url, tls: { ...feed.tls, ca: (await TestGateway.start(stranger)).feed.tls.ca } };
    const verifier = await gateway.open({ source });
    expect(verifier.status().stale).toBe(true);
    expect(gateway.events.find(disconnectedAs('FEED_UNREACHABLE'))).toBeDefined();
    expect(feed.requests).toEqual([]);
    await gateway.open({ source: { url: feed.url.replace('localhost', '127.0.0.1'), tls: feed.tls } });
    expect(feed.requests).toEqual([]);
  });

  it('is not who it should be, and the environment would have anybody trusted', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await using gateway = await TestGateway.start();
    await using other = await TestGateway.start(stranger);
    const source = { url: gateway.feed.url, tls: { ...gateway.feed.tls, ca: other.feed.tls.ca } };
    expect((await gateway.open({ source })).status().stale).toBe(true);
    expect(gateway.feed.requests).toEqual([]);
    vi.unstubAllEnvs();
  });
});
