import { Oid } from '@touchmark/der';
import { TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import { PolicyError, VerifierError, type VerifyOptions } from '@touchmark/verifier';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

const uri = (value: string) => ({ kind: 'uniformResourceIdentifier', value }) as const;
const dns = (value: string) => ({ kind: 'dNSName', value }) as const;
const client = { purpose: 'client' } as const;
const server = { extKeyUsage: [Oid.serverAuth], subjectAltName: [dns('gw.example.com')] } as const;

type Verdict = [name: string, certificate: TestCertificateOptions, question: Omit<VerifyOptions, 'at'>, code: string];

describe('Verifier.verify', () => {
  it.each<Verdict>([
    ['a client without a URI', { subjectAltName: null }, client, 'IDENTITY_MISSING'],
    ['a client with a DNS name only', { subjectAltName: [dns('a')] }, client, 'IDENTITY_MISSING'],
    [
      'a client with a URI that is not ours',
      { subjectAltName: [uri('spiffe://r/robot/x')] },
      client,
      'IDENTITY_MALFORMED',
    ],
    [
      'a client with two URIs',
      { subjectAltName: [uri('spiffe://r/device/m/a'), uri('https://b')] },
      client,
      'IDENTITY_MALFORMED',
    ],
    ['a client without extKeyUsage, as an IDevID is', { extKeyUsage: null }, client, 'EXT_KEY_USAGE_MISSING'],
    ['a server as a client', { ...server }, client, 'EXT_KEY_USAGE_MISSING'],
    ['a client as a server', {}, { purpose: 'server' }, 'EXT_KEY_USAGE_MISSING'],
    ['a gateway as a client', { subjectAltName: [uri('spiffe://r/gateway/g')] }, client, 'accepted'],
    ['a server that nobody asked for by name', { ...server }, { purpose: 'server' }, 'accepted'],
    ['a server by its name', { ...server }, { purpose: 'server', serverName: 'gw.example.com' }, 'accepted'],
    [
      'a server by another name',
      { ...server },
      { purpose: 'server', serverName: 'gw2.example.com' },
      'SERVER_NAME_MISMATCH',
    ],
    ['a serial number without a seat', { serialNumber: Uint8Array.of(1, 2, 3) }, client, 'STATUS_UNKNOWN'],
  ])('%s', async (_name, certificate, question, code) => {
    await using gateway = await TestGateway.start();
    const verifier = await gateway.open();
    const { der } = gateway.status.issueInfrastructure('device/m/A-1', certificate);
    const twice = [1, 2].map(() => verifier.verify([der], { at: gateway.clock.now, ...question }));
    expect(twice.map((answer) => (answer.ok ? 'accepted' : answer.error.code))).toEqual([code, code]);
    expect(twice.map((answer) => answer.ok && answer.device !== undefined)).toEqual([false, false]);
  });

  it('tells what is not authentic from what is, and is refused', async () => {
    await using gateway = await TestGateway.start();
    const verifier = await gateway.open();
    const at = gateway.clock.now;
    const stranger = verifier.verify([TestCa.root().issue().der], { at, purpose: 'client' });
    const nobody = verifier.verify([gateway.status.issueDevice('A', { subjectAltName: null }).der], {
      at,
      purpose: 'client',
    });
    expect([stranger, nobody]).toMatchObject([
      { error: expect.any(VerifierError) },
      { error: expect.any(PolicyError) },
    ]);
    expect(verifier.verify([], { at, purpose: 'client' })).toMatchObject({ error: { code: 'CERTIFICATE_MISSING' } });
  });

  it('judges dates by `at`, the ones it remembers too', async () => {
    await using gateway = await TestGateway.start();
    const { status, clock } = gateway;
    const { der } = status.issueDevice('A-1', { notBefore: clock.now, notAfter: clock.now + 5 });
    const verifier = await gateway.open();
    const verdict = (at: number): string => {
      const answer = verifier.verify([der], { at, purpose: 'client' });
      return answer.ok ? 'accepted' : answer.error.code;
    };
    const times = [0, 5.9, 6, -0.1, 3].map((seconds) => verdict(clock.now + seconds));
    expect(times).toEqual(['accepted', 'accepted', 'CERT_EXPIRED', 'CERT_NOT_YET_VALID', 'accepted']);
  });

  it('remembers octets, not the array that they came in', async () => {
    await using gateway = await TestGateway.start();
    const { status, clock } = gateway;
    const { der } = status.issueDevice('A-1');
    const verifier = await gateway.open();
    const presented = Buffer.from(der);
    const answer = verifier.verify([presented], { at: clock.now, purpose: 'client' });
    presented.fill(0);
    expect(answer).toMatchObject({ ok: true, path: [der, status.ldevid.der, status.root.der] });
    expect(verifier.verify([presented], { at: clock.now, purpose: 'client' }).ok).toBe(false);
    expect(verifier.verify([der], { at: clock.now, purpose: 'client' }).ok).toBe(true);
  });

  it.each<[string, Partial<Record<keyof VerifyOptions, unknown>>]>([
    ['no time', { at: Number.NaN }],
    ['another purpose', { purpose: 'any' }],
    ['a server name for a client', { serverName: 'a' }],
  ])('throws TypeError for %s', async (_name, wrong) => {
    await using gateway = await TestGateway.start();
    const verifier = await gateway.open();
    const options: VerifyOptions = { at: gateway.clock.now, purpose: 'client' };
    expect(() => verifier.verify([], Object.assign(options, wrong))).toThrow(TypeError);
  });
});
