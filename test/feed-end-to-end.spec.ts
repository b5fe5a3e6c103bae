import { verify, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StatusChange } from '@touchmark/ca-port';
import { openSigned, payloadHash } from '@touchmark/status-list';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { Verifier, type VerifierEvent } from '@touchmark/verifier';
import { decodePem, encodePem, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { StatusKey } from '../apps/ca/src/status-publication/status-key.js';
import { StatusPublisher } from '../apps/ca/src/status-publication/status-publisher.js';
import { type RunningResponder, startResponder } from './fixture/responder.js';
import { credentialRequest, idevidRequest, identityOf, issued, TestCaService, testModel } from './fixture/test-ca.js';

// The CA that signs, the responder that relays, the verifier that believes none of it unproven: as they run in a service.

let ca: TestCaService;
let publisher: StatusPublisher;
let responder: RunningResponder;
let verifier: Verifier;
let folder: string;
let gateway: Awaited<ReturnType<typeof serviceCertificate>>;
const events: VerifierEvent[] = [];
let heard: () => void = () => undefined;

beforeAll(async () => {
  ca = await TestCaService.open(inject('databaseUrl'));
  const key = new StatusKey({
    serviceCertificate: (order) => ca.ca.serviceCertificates.run(order),
    certificateOf: (id) => ca.ca.certificateOf(id),
    realm: testModel.realm,
    now: () => ca.now(),
    onError: (error) => ca.errors.push(error),
  });
  publisher = await StatusPublisher.start({
    ports: { db: ca.db, key, now: () => ca.now(), headEvery: 1 },
    db: ca.db,
    snapshotEvery: 600,
    snapshotAfter: 600,
    batchesKept: 86_400,
    onError: (error) => ca.errors.push(error),
  });
  const server = await serviceCertificate('tls-server', { dnsNames: ['localhost'], ipAddresses: [] });
  gateway = await serviceCertificate('gateway-client', { realm: testModel.realm, name: 'gw-1' });
  responder = await startResponder(ca.databaseUrl, ca.ca.portFor('responder'), {}, { tls: server });
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-feed-'));
  const { port } = new URL(responder.gatewayUrl);
  verifier = await Verifier.open({
    trustAnchors: [ca.ca.rootCertificate()],
    now: () => ca.now(),
    status: {
      source: { url: `https://localhost:${port}`, tls: { ...gateway, ca: gateway.issuer } },
      cacheDir: folder,
      maxAge: 20,
      whenStale: 'deny',
      realm: testModel.realm,
      headInterval: 1,
      retry: { first: 0.05, longest: 0.1 },
    },
    onEvent: (event) => {
      events.push(event);
      heard();
    },
  });
});

afterAll(async () => {
  await verifier?.close();
  await responder?.close();
  await publisher?.stop();
  await ca?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function serviceCertificate(profile: 'tls-server' | 'gateway-client', fields: object) {
  const key = generateTestKey();
  const { certificate, authorityId } = await ca.ca.serviceCertificates.run({
    profile,
    name: profile,
    fields,
    csr: makeTestRequest({ key }).der,
  });
  const issuer = encodePem('CERTIFICATE', ca.ca.certificateOf(authorityId));
  return {
    der: certificate,
    issuer,
    cert: encodePem('CERTIFICATE', certificate) + issuer,
    key: String(key.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  };
}

async function enroll(serial: string): Promise<Uint8Array> {
  const idevid = issued(await ca.issue(idevidRequest(serial, await ca.batchWarrant(1))));
  return issued(await ca.issue(credentialRequest(serial, idevid.certificate))).certificate;
}

async function change(wanted: StatusChange): Promise<number> {
  const [outcome] = await ca.port.changeStatus([wanted]);
  if (!outcome?.ok) throw new Error(`not changed: ${outcome?.code}`);
  return outcome.position.sequence;
}

const device = (serial: string) => ({ kind: 'device', identity: identityOf(serial) }) as const;

/** Waits until the verifier knows the journal up to its end. */
async function knows(sequence: number): Promise<void> {
  while (verifier.status().sequence < sequence) await new Promise<void>((resolve) => (heard = resolve));
}

const verdict = (certificate: Uint8Array): string => {
  const answer = verifier.verify([certificate], { at: ca.now(), purpose: 'client' });
  return answer.ok ? (answer.device?.deviceSerial ?? '') : answer.error.code;
};

describe('from the CA to the gateway', () => {
  it('a device is let in, suspended, released, revoked; its connection ends within a moment of the call', async () => {
    const certificate = await enroll('S-1');
    await knows(await change({ act: 'suspend', target: device('S-1'), cause: 'lost' }));
    expect(verdict(certificate)).toBe('CERT_SUSPENDED');
    await knows(await change({ act: 'release', target: device('S-1'), cause: 'lost' }));
    expect(verdict(certificate)).toBe('S-1');

    const accepted = verifier.verify([certificate], { at: ca.now(), purpose: 'client' });
    if (!accepted.ok) throw accepted.error;
    const ended = Promise.withResolvers<number>();
    verifier.track({ destroy: () => ended.resolve(performance.now()) }, accepted);
    const called = performance.now();
    await change({ act: 'revoke', target: device('S-1'), reason: 'keyCompromise' });
    console.log(`revoked to enforced: ${Math.round((await ended.promise) - called)} ms`);
    expect(verdict(certificate)).toBe('CERT_REVOKED');
  });

  it('a responder that is gone and back has told everything', async () => {
    const [lost, kept] = [await enroll('S-2'), await enroll('S-3')];
    await knows(await change({ act: 'suspend', target: device('S-3'), cause: 'x' }));
    const port = Number(new URL(responder.gatewayUrl).port);
    const server = await serviceCertificate('tls-server', { dnsNames: ['localhost'], ipAddresses: [] });
    await responder.close();
    const sequence = await change({ act: 'revoke', target: device('S-2'), reason: 'superseded' });
    expect(verdict(lost)).toBe('S-2');
    responder = await startResponder(ca.databaseUrl, ca.ca.portFor('responder'), {}, { tls: server, port });
    await knows(sequence);
    expect([verdict(lost), verdict(kept)]).toEqual(['CERT_REVOKED', 'CERT_SUSPENDED']);
    expect(ca.errors).toEqual([]);
    expect(events.filter(({ type }) => type === 'refused')).toEqual([]);
  });

  it('anyone finds the same snapshot over HTTP, and believes it by the signers that are there too', async () => {
    const message = new Uint8Array(await (await fetch(`${responder.url}/status/snapshot`)).arrayBuffer());
    const pem = await (await fetch(`${responder.url}/status/signers`)).text();
    const keys = decodePem(pem).map(({ der }) => new X509Certificate(der).publicKey);
    const keyIds = keys.map((key) => Buffer.from(payloadHash(key.export({ format: 'der', type: 'spki' }))));
    const { type } = openSigned(message, (keyId, data, signature) => {
      const key = keys[keyIds.findIndex((known) => known.equals(keyId))];
      return key && verify('sha256', data, key, signature);
    });
    expect(type).toBe('snapshot');
  });

  it('a gateway that is revoked is told nothing more', async () => {
    const certificate = await enroll('S-4');
    await knows(await change({ act: 'suspend', target: device('S-4'), cause: 'x' }));
    const before = events.length;
    const { serialNumber } = parseCertificate(gateway.der);
    await ca.ca.revokeServiceCertificate.run({ serialNumber, reason: 'keyCompromise' });
    while (!events.slice(before).some((event) => event.type === 'disconnected' && event.error.message.includes('401')))
      await new Promise<void>((resolve) => (heard = resolve));
    expect(responder.responder.feed.size).toBe(0);
    expect(verdict(certificate)).toBe('CERT_SUSPENDED');
  });
});
