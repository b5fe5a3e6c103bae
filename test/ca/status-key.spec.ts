import { verify, X509Certificate } from 'node:crypto';
import { openSigned } from '@touchmark/status-list';
import { parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { StatusKey } from '../../apps/ca/src/status-publication/status-key.js';
import { keyIdOf } from '../fixture/published-status.js';
import { TestCaService, testModel } from '../fixture/test-ca.js';

const DAY = 86_400;

let service: TestCaService;
/** Whether the infrastructure CA can issue. */
let away: boolean;
let issued: number;
let errors: unknown[];
let key: StatusKey;

beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
beforeEach(() => {
  away = false;
  issued = 0;
  errors = [];
  key = new StatusKey({
    serviceCertificate: (order) => {
      if (away) return Promise.reject(new Error('away'));
      issued += 1;
      return service.ca.serviceCertificates.run(order);
    },
    certificateOf: (id) => service.ca.certificateOf(id),
    realm: testModel.realm,
    now: () => service.now(),
    onError: (error) => errors.push(error),
  });
});
afterAll(() => service?.close());

describe('the status key', () => {
  it('has a certificate that names it as status signer, and signs what that certificate verifies', async () => {
    const signer = await key.current();
    const certificate = new X509Certificate(signer.certificate);
    expect(certificate.subjectAltName).toBe(`URI:spiffe://${testModel.realm}/status/status-1`);
    expect(certificate.verify(new X509Certificate(signer.issuerCertificate).publicKey)).toBe(true);
    expect(signer.notAfter).toBe(parseCertificate(signer.certificate).notAfter);
    expect(Buffer.compare(signer.keyId, keyIdOf(signer.certificate))).toBe(0);
    const message = await signer.sign('head', new Uint8Array([1, 2, 3]));
    expect(
      openSigned(message, (keyId, data, signature) =>
        Buffer.compare(keyId, signer.keyId) === 0
          ? verify('sha256', data, certificate.publicKey, signature)
          : undefined,
      ).payload,
    ).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('is made once, however many ask for the first, and stays the same until half of its life is over', async () => {
    const [one, two] = await Promise.all([key.current(), key.current()]);
    expect(two).toBe(one);
    service.advance(44 * DAY);
    expect(await key.current()).toBe(one);
    service.advance(2 * DAY);
    const next = await key.current();
    expect(next.keyId).not.toEqual(one.keyId);
    expect(issued).toBe(2);
  });

  it('stays in use while it cannot be renewed, but not beyond its certificate', async () => {
    expect(key.present).toBeUndefined();
    const first = await key.current();
    away = true;
    service.advance(89 * DAY);
    expect(await key.current()).toBe(first);
    // said once, and not tried again with every message
    expect(await key.current()).toBe(first);
    expect(errors).toHaveLength(1);
    service.advance(2 * DAY);
    expect(key.present).toBeUndefined();
    await expect(key.current()).rejects.toThrow('away');
    away = false;
    expect((await key.current()).keyId).not.toEqual(first.keyId);
  });
});
