import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { readStatusFile, SeatValue } from '@touchmark/status-list';
import { TestStatus } from '@touchmark/testkit';
import type { Verifier, VerifierEvent } from '@touchmark/verifier';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

const ofType = (type: VerifierEvent['type']) => (event: VerifierEvent) => event.type === type;

/** A verifier that has followed a revocation and was closed; the responder is away since. */
async function cutOff(gateway: TestGateway): Promise<{ good: { der: Uint8Array }; revoked: { der: Uint8Array } }> {
  const { status, feed } = gateway;
  const [good, revoked] = [status.issueDevice('A-1'), status.issueDevice('A-2')];
  const verifier = await gateway.open();
  feed.send('batch', status.change(revoked, SeatValue.invalid));
  feed.sendHead();
  await gateway.caughtUp(verifier);
  await verifier.close();
  feed.script = ({ request }) => request.socket.destroy();
  return { good, revoked };
}

function file(gateway: TestGateway, name: 'status' | 'head'): string {
  return path.join(gateway.cacheDir, name);
}

async function expectRecovery(gateway: TestGateway, verifier: Verifier): Promise<void> {
  const { status, feed } = gateway;
  feed.script = (exchange) => feed.answerHonestly(exchange);
  const device = status.issueDevice('recovery');
  status.change(device, SeatValue.invalid);
  await gateway.caughtUp(verifier);
  expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
}

describe('The cache folder', () => {
  it('missing and offline: everybody is refused until there is news', async () => {
    await using gateway = await TestGateway.start();
    gateway.feed.script = ({ request }) => request.socket.destroy();
    const verifier = await gateway.open({ cacheDir: path.join(gateway.cacheDir, 'a', 'b') });
    expect(verifier.status()).toEqual({ epoch: 0, sequence: 0, asOf: 0, stale: true });
    const device = gateway.status.issueDevice('A-1');
    expect(gateway.verdict(verifier, device)).toBe('UNKNOWN_ISSUER');
    const chain = [device.der, gateway.status.ldevid.der];
    expect(verifier.verify(chain, { at: gateway.clock.now, purpose: 'client' })).toMatchObject({
      error: { code: 'STATUS_STALE', detail: { asOf: 0 } },
    });
    await expectRecovery(gateway, verifier);
  });

  it.each<[string, (gateway: TestGateway) => void, string, string]>([
    [
      'a torn tail',
      (g) => appendFileSync(file(g, 'status'), readFileSync(file(g, 'status')).subarray(0, 500)),
      'accepted',
      'CERT_REVOKED',
    ],
    [
      'a last message that is cut',
      (g) => truncateSync(file(g, 'status'), readFileSync(file(g, 'status')).length - 1),
      'accepted',
      'accepted',
    ],
    ['no head', (g) => rmSync(file(g, 'head')), 'accepted', 'CERT_REVOKED'],
    ['a head of noise', (g) => writeFileSync(file(g, 'head'), 'noise'), 'accepted', 'CERT_REVOKED'],
    ['an empty file', (g) => writeFileSync(file(g, 'status'), ''), 'UNKNOWN_ISSUER', 'UNKNOWN_ISSUER'],
    ['noise', (g) => writeFileSync(file(g, 'status'), Buffer.alloc(4096, 'x')), 'UNKNOWN_ISSUER', 'UNKNOWN_ISSUER'],
    ['only a head', (g) => rmSync(file(g, 'status')), 'UNKNOWN_ISSUER', 'UNKNOWN_ISSUER'],
    ['a snapshot that was tampered with', (g) => flip(file(g, 'status'), 2000), 'UNKNOWN_ISSUER', 'UNKNOWN_ISSUER'],
    [
      'everything twice',
      (g) => appendFileSync(file(g, 'status'), readFileSync(file(g, 'status'))),
      'accepted',
      'CERT_REVOKED',
    ],
    [
      'the state of another service',
      (g) => {
        const other = new TestStatus();
        writeFileSync(file(g, 'status'), Buffer.from(other.snapshot(g.clock.now)));
      },
      'UNKNOWN_ISSUER',
      'UNKNOWN_ISSUER',
    ],
  ])('with %s: only what is proven counts', async (_name, damage, good, revoked) => {
    await using gateway = await TestGateway.start();
    const devices = await cutOff(gateway);
    damage(gateway);
    const verifier = await gateway.open();
    expect(gateway.verdict(verifier, devices.good)).toBe(good);
    expect(gateway.verdict(verifier, devices.revoked)).toBe(revoked);
    await expectRecovery(gateway, verifier);
    await verifier.close();
    // what was damaged is whole again
    gateway.feed.script = ({ request }) => request.socket.destroy();
    const again = await gateway.open();
    expect(again.status().sequence).toBe(gateway.status.sequence);
    expect(gateway.verdict(again, devices.revoked)).toBe('CERT_REVOKED');
  });

  it('younger than the network: what was known is not taken back', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const { revoked } = await cutOff(gateway);
    const { epoch, sequence } = status;
    feed.script = (exchange) => {
      feed.openStream(exchange.response);
      feed.sendSigner(status.signer);
    };
    const from = gateway.events.length;
    const verifier = await gateway.open();
    await gateway.since(from, ofType('connected'));
    const refused = gateway.next((event) => event.type === 'refused');
    const batches = [...status.batches];
    status.newEpoch(1);
    const old = status.snapshot(gateway.clock.now);
    Object.assign(status, { epoch, sequence });
    status.batches.push(...batches);
    feed.send('snapshot', old);
    expect(await refused).toMatchObject({ code: 'SEQUENCE_BACK' });
    expect(gateway.verdict(verifier, revoked)).toBe('CERT_REVOKED');
    expect(verifier.status()).toMatchObject({ epoch, sequence });
  });

  it('that cannot be written: works from memory, says so, and writes when it can again', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const cacheDir = path.join(gateway.cacheDir, 'folder');
    // a file where the folder should be
    writeFileSync(cacheDir, '');
    const verifier = await gateway.open({ cacheDir, cacheRetry: 0.05 });
    expect(gateway.events.find(ofType('cache-failed'))).toBeDefined();
    const device = status.issueDevice('A-1');
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
    const recovered = gateway.next(ofType('cache-recovered'));
    rmSync(cacheDir);
    await recovered;
    expect(readdirSync(cacheDir)).toContain('status');
  });

  it('deleted while running: is made again with the next news', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const verifier = await gateway.open();
    rmSync(gateway.cacheDir, { recursive: true });
    const device = status.issueDevice('A-1');
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    await verifier.close();
    feed.script = ({ request }) => request.socket.destroy();
    const again = await gateway.open();
    expect(gateway.verdict(again, device)).toBe('CERT_REVOKED');
  });

  it('loses what killed processes left, and nothing of living ones', async () => {
    await using gateway = await TestGateway.start();
    mkdirSync(gateway.cacheDir, { recursive: true });
    const [dead, alive] = [path.join(gateway.cacheDir, 'status.1.tmp'), path.join(gateway.cacheDir, 'status.2.tmp')];
    writeFileSync(dead, 'x');
    writeFileSync(alive, 'x');
    utimesSync(dead, 1, 1);
    await gateway.open();
    expect(readdirSync(gateway.cacheDir)).not.toContain('status.1.tmp');
    expect(readdirSync(gateway.cacheDir)).toContain('status.2.tmp');
  });

  it('grown beyond a MiB: a younger snapshot makes it short', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const verifier = await gateway.open();
    const seats = Array.from({ length: 100_000 }, (_, index) => ({ index: 1000 + index, value: SeatValue.suspended }));
    const asked = feed.nextRequest();
    for (let i = 0; i < 4; i += 1) {
      feed.send('batch', status.append([{ kind: 'seats', listId: 2, seats }]));
      if (i === 1) feed.makeSnapshot();
    }
    expect((await asked).after).toBeUndefined();
    const device = status.issueDevice('A-1');
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    await verifier.close();
    expect(readFileSync(file(gateway, 'status')).length).toBeLessThan(2 ** 20);
    feed.script = ({ request }) => request.socket.destroy();
    const again = await gateway.open();
    expect(again.status().sequence).toBe(status.sequence);
    expect(gateway.verdict(again, device)).toBe('CERT_REVOKED');
  });

  it('keeps those who signed what is kept, however many signers there are', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const verifier = await gateway.open();
    const signers = Array.from({ length: 70 }, () => status.issueSigner());
    for (const signer of signers) {
      feed.sendSigner(signer);
      status.signer = signer;
      clock.now += 1;
      const moved = gateway.next((event) => event.type === 'position' && event.asOf === clock.now);
      feed.sendHead();
      await moved;
    }
    const device = status.issueDevice('A-1');
    feed.send('batch', status.change(device, SeatValue.invalid));
    feed.sendHead();
    await gateway.caughtUp(verifier);
    await verifier.close();
    const { length } = readStatusFile(readFileSync(file(gateway, 'status'))).signers;
    expect(length).toBeGreaterThanOrEqual(2);
    expect(length).toBeLessThan(40);
    feed.script = ({ request }) => request.socket.destroy();
    const again = await gateway.open();
    expect(again.status()).toMatchObject({ sequence: 1, asOf: clock.now });
    expect(gateway.verdict(again, device)).toBe('CERT_REVOKED');
  });

  it('keeps no signer of whom nothing was taken', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const verifier = await gateway.open();
    for (let i = 0; i < 3; i += 1) feed.sendSigner(status.issueSigner());
    feed.send('batch', status.change(status.issueDevice('A-1'), SeatValue.invalid));
    await gateway.caughtUp(verifier);
    await verifier.close();
    const { signers } = readStatusFile(readFileSync(file(gateway, 'status')));
    expect(signers.map(({ certificate }) => Buffer.from(certificate))).toEqual([
      Buffer.from(status.signer.certificate),
    ]);
  });

  it('shared by two processes that both write: the next start finds a proven state', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const [one, other] = [await gateway.open(), await gateway.open()];
    const devices = Array.from({ length: 20 }, (_, n) => status.issueDevice(`A-${n}`));
    for (const device of devices) feed.send('batch', status.change(device, SeatValue.invalid));
    await Promise.all([gateway.caughtUp(one), gateway.caughtUp(other)]);
    await Promise.all([one.close(), other.close()]);
    feed.script = ({ request }) => request.socket.destroy();
    const again = await gateway.open();
    expect(again.status().sequence).toBe(20);
    for (const device of devices) expect(gateway.verdict(again, device)).toBe('CERT_REVOKED');
  });
});

function flip(name: string, at: number): void {
  const octets = readFileSync(name);
  octets[at] = (octets[at] ?? 0) ^ 1;
  writeFileSync(name, octets);
}
