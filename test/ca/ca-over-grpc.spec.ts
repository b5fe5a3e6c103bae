import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CaGrpcError,
  type CaPortClient,
  type CaPortServer,
  connectCaPort,
  serveCaPort,
  type ServeCaPortOptions,
} from '@touchmark/ca-grpc';
import { capHandshakes } from '@touchmark/server';
import {
  CaCallRefusedError,
  CaUnavailableError,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
} from '@touchmark/ca-port';
import { CredentialFolder, CredentialRenewal, type RenewCertificate } from '@touchmark/credentials';
import { generateKeyPair, importPkcs8 } from '@touchmark/keys';
import { parseSerialNumber } from '@touchmark/status-list';
import { saveRevocations, serviceCertificate } from '@touchmark/store';
import { encodeCertificationRequest } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { statusOfStored } from '../../apps/enrollment/src/status-of-stored.js';
import { idevidRequest, issued, outcomeOf, TestCaService, testModel } from '../fixture/test-ca.js';
import { ripen } from '../fixture/ripen.js';

const { realm } = testModel;
let service: TestCaService;
let server: CaPortServer;
let secrets: string;
const refused: string[] = [];
const errors: unknown[] = [];
const clients: CaPortClient[] = [];

beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
  secrets = await mkdtemp(path.join(tmpdir(), 'touchmark-secrets-'));
  server = await serveCaPort(serverOptions(await credentials('ca')));
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.close();
  await service.close();
  await rm(secrets, { recursive: true });
});

/** A service's certificate as `init` makes it; renewals go to `renew`, or to the CA in its own process. */
async function credentials(name: string, renew: RenewCertificate = renewInside): Promise<CredentialRenewal> {
  const folder = await CredentialFolder.open(path.join(secrets, name), randomBytes);
  const { pkcs8 } = generateKeyPair('P-256');
  const csr = encodeCertificationRequest({ privateKey: importPkcs8(pkcs8) });
  const order = { profile: 'service', name, fields: { realm, name }, csr } as const;
  const { certificate, authorityId } = await service.ca.serviceCertificates.run(order);
  const issuer = service.ca.certificateOf(authorityId);
  await folder.write('service', { pkcs8, chain: [certificate, issuer] });
  await folder.writeAnchors('infrastructure', [issuer]);
  const now = (): number => service.now();
  return CredentialRenewal.open({ folder, name: 'service', renew, now, onError: (error) => errors.push(error) });
}

const serverOptions = (own: CredentialRenewal): ServeCaPortOptions => ({
  host: '127.0.0.1',
  port: 0,
  credentials: own,
  realm,
  portFor: (caller) => service.ca.portFor(caller),
  statusOf: (serialNumber) => service.ca.serviceCertificateStatus(serialNumber),
  capHandshakes: (tlsServer) => void capHandshakes(tlsServer, 128),
  now: () => service.now(),
  onRefused: (error) => refused.push(error instanceof CaGrpcError ? error.context.reason : error.code),
  onError: (error) => errors.push(error),
});

async function renewInside(request: ServiceRenewalRequest): Promise<ServiceRenewalOutcome> {
  const [outcome] = await service.ca.renewServiceCertificates.run([request]);
  if (!outcome) throw new Error('no answer');
  return outcome;
}

function connect(own: CredentialRenewal, caller: 'enrollment' | 'responder'): CaPortClient {
  const url = `https://localhost:${server.port}`;
  const client = connectCaPort({
    url,
    caller,
    credentials: own,
    realm,
    statusOf: (_, serialNumber) => service.ca.serviceCertificateStatus(serialNumber),
    now: () => service.now(),
  });
  clients.push(client);
  return client;
}

describe('the CA over gRPC, with its own certificates', () => {
  it('issues for enrollment, and refuses items as it does in its process', async () => {
    const port = connect(await credentials('enrollment'), 'enrollment');
    const warrantId = await service.batchWarrant(1);
    const outcomes = await port.issueCertificates([
      idevidRequest('GRPC-1', warrantId),
      idevidRequest('GRPC-2', warrantId),
    ]);
    const first = issued(outcomeOf(outcomes[0]));
    expect(new X509Certificate(first.certificate).subject).toContain('serialNumber=GRPC-1');
    expect(first.notAfter).toBe(253_402_300_799);
    expect(outcomeOf(outcomes[1])).toBe('WARRANT_SPENT');
    const kinds = (await port.describeAuthorities()).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['idevid', 'infrastructure', 'ldevid', 'root']);
  });

  it('lets the responder renew its signers and nothing else', async () => {
    const port = connect(await credentials('responder'), 'responder');
    await expect(port.describeAuthorities()).rejects.toThrow(CaCallRefusedError);
    await expect(port.openWarrants([])).rejects.toThrow(CaCallRefusedError);
    expect(refused).toContain('CALL_NOT_ALLOWED');
    const { pkcs8 } = generateKeyPair('P-256');
    const csr = encodeCertificationRequest({ privateKey: importPkcs8(pkcs8) });
    const authorityId = service.authorities.describe().find(({ kind }) => kind === 'ldevid')?.id ?? '';
    await expect(port.renewOcspSigners([{ authorityId, csr }])).resolves.toMatchObject([{ ok: true }]);
  });

  it('a caller renews its certificate over the port that it is used for, then goes on with the new one', async () => {
    const world: { port?: CaPortClient } = {};
    const own = await credentials('enrollment', async (request) => {
      const [outcome] = (await world.port?.renewServiceCertificates([request])) ?? [];
      if (!outcome) throw new Error('no answer');
      return outcome;
    });
    const port = connect(own, 'enrollment');
    world.port = port;
    const before = own.current().certificate;
    await ripen(service.db, before.der);
    const calls = Array.from({ length: 20 }, () => port.describeAuthorities());
    await own.renew();
    calls.push(port.describeAuthorities());
    for (const answer of await Promise.all(calls)) expect(answer).toHaveLength(4);
    expect(own.current().certificate.serialNumber).not.toEqual(before.serialNumber);

    // the old one is of no more use; the connection with the new one is
    await revoke(before.serialNumber);
    service.advance(1);
    await expect(port.describeAuthorities()).resolves.toHaveLength(4);
  });

  it('a caller whose certificate is revoked: out within a second, with the connection that it had', async () => {
    const own = await credentials('enrollment');
    const port = connect(own, 'enrollment');
    await port.describeAuthorities();
    await revoke(own.current().certificate.serialNumber);
    service.advance(1);
    await expect(port.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(refused).toContain('CERT_REVOKED');
    await expect(own.renew()).rejects.toMatchObject({ code: 'RENEWAL_REFUSED' });
    port.close();
  });

  it('a CA whose certificate was revoked is not called, by what enrollment reads in the database', async () => {
    const own = await credentials('ca');
    const impostor = await serveCaPort(serverOptions(own));
    const port = connectCaPort({
      url: `https://localhost:${impostor.port}`,
      caller: 'enrollment',
      credentials: await credentials('enrollment'),
      realm,
      statusOf: async (_, serialNumber) => statusOfStored(await serviceCertificate(service.db, serialNumber)),
      now: () => service.now(),
    });
    clients.push(port);
    expect(await port.describeAuthorities()).not.toEqual([]);
    await revoke(own.current().certificate.serialNumber);
    service.advance(1);
    await expect(port.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    await impostor.close(0);
  });

  it('a certificate of a device is no caller’s', async () => {
    const device = issued(await service.issue(idevidRequest('GRPC-3', await service.batchWarrant(1))));
    expect(await service.ca.serviceCertificateStatus(device.serialNumber)).toBe('unknown');
    expect(await service.ca.serviceCertificateStatus(Uint8Array.of(1))).toBe('unknown');
  });

  it('nothing of this was a fault', () => {
    expect(errors).toEqual([]);
  });
});

async function revoke(serialNumber: Uint8Array): Promise<void> {
  const seat = parseSerialNumber(serialNumber);
  if (!seat) throw new Error('no seat');
  const change = { ...seat, value: 1 as const, reason: 4, revokedAt: 1, invalidityDate: null, holds: [] };
  await service.db.transaction((tx) => saveRevocations(tx, [change]));
}
