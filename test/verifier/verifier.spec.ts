import { once } from 'node:events';
import { PassThrough } from 'node:stream';

import { Oid } from '@touchmark/der';
import { SeatValue } from '@touchmark/status-list';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

describe('Verifier', () => {
  it('accepts a device with its identity, path and the position that says so, and follows what becomes of it', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open();

    const answer = verifier.verify([device.der], { at: clock.now, purpose: 'client' });
    expect(answer).toMatchObject({
      ok: true,
      device: { realm: 'devices.local', model: 'm', deviceSerial: 'A-1' },
      certificate: { serialNumber: device.certificate.serialNumber, notAfter: device.certificate.notAfter },
      status: { epoch: 1, sequence: 0, asOf: clock.now },
    });

    for (const [value, code] of [
      [SeatValue.suspended, 'CERT_SUSPENDED'],
      [SeatValue.valid, 'accepted'],
      [SeatValue.invalid, 'CERT_REVOKED'],
    ] as const) {
      feed.send('batch', status.change(device, value));
      await gateway.caughtUp(verifier);
      expect(gateway.verdict(verifier, device)).toBe(code);
    }
    expect(verifier.status()).toEqual({ epoch: 1, sequence: 3, asOf: clock.now, stale: false });
  });

  it('hands out nothing by which a caller could change what it asks later', async () => {
    await using gateway = await TestGateway.start();
    const { status, clock } = gateway;
    const server = status.issueInfrastructure('service/s-1', {
      subjectAltName: [
        { kind: 'dNSName', value: 's-1.local' },
        { kind: 'iPAddress', value: Uint8Array.of(10, 0, 0, 1) },
      ],
      extKeyUsage: [Oid.serverAuth],
    });
    const verifier = await gateway.open();
    const ask = (serverName: string) => verifier.verify([server.der], { at: clock.now, purpose: 'server', serverName });
    const answer = ask('10.0.0.1');
    if (!answer.ok) throw answer.error;
    for (const octets of [...answer.path, answer.certificate.serialNumber, answer.certificate.sha256]) octets.fill(99);
    expect(() => Object.assign(answer.path, [new Uint8Array()])).toThrow(TypeError);
    expect(() => Object.assign(answer.certificate, { notAfter: 0 })).toThrow(TypeError);
    expect(ask('10.0.0.1').ok).toBe(true);
    expect(ask('99.99.99.99').ok).toBe(false);
    expect(ask('s-1.local')).toMatchObject({ certificate: { notAfter: server.certificate.notAfter } });
    const connection = new PassThrough();
    verifier.track(connection, answer);
    expect(connection.destroyed).toBe(false);
  });

  it('ends the connection of a certificate that is revoked, and no other', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const [fallen, standing] = [status.issueDevice('A-1'), status.issueDevice('A-2')];
    const verifier = await gateway.open();
    const [one, other] = [new PassThrough(), new PassThrough()];
    for (const [connection, { der }] of [
      [one, fallen],
      [other, standing],
    ] as const) {
      const answer = verifier.verify([der], { at: clock.now, purpose: 'client' });
      if (!answer.ok) throw answer.error;
      verifier.track(connection, answer);
    }
    const closed = once(one, 'close');
    feed.send('batch', status.change(fallen, SeatValue.invalid));
    await closed;
    expect(other.destroyed).toBe(false);
  });

  it('starts offline from what it kept, and refuses everybody at the second when that is too old', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const [good, bad] = [status.issueDevice('A-1'), status.issueDevice('A-2')];
    const before = await gateway.open();
    feed.send('batch', status.change(bad, SeatValue.invalid));
    feed.sendHead();
    await gateway.caughtUp(before);
    await before.close();
    feed.script = ({ request }) => request.socket.destroy();

    clock.now += 30;
    const verifier = await gateway.open();
    expect(gateway.verdict(verifier, good)).toBe('accepted');
    expect(gateway.verdict(verifier, bad)).toBe('CERT_REVOKED');
    clock.now += 1;
    expect(gateway.verdict(verifier, good)).toBe('STATUS_STALE');
    expect(gateway.verdict(verifier, bad)).toBe('CERT_REVOKED');
  });

  it('resumes behind what it knows', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed } = gateway;
    const device = status.issueDevice('A-1');
    const verifier = await gateway.open();
    const again = feed.nextRequest();
    feed.cut();
    expect((await again).after).toEqual({ epoch: 1, sequence: 0 });
    feed.send('batch', status.change(device, SeatValue.invalid));
    await gateway.caughtUp(verifier);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  });
});
