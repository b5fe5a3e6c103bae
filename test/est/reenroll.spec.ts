import { X509Certificate } from 'node:crypto';
import { Oid } from '@touchmark/der';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { encodeExtension, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { certificateOf, enrolled, hex, renewal, rotated } from './devices.js';
import { type EstService, startEstService } from './est-service.js';

let service: EstService;
beforeAll(async () => {
  service = await startEstService(inject('databaseUrl'));
});
afterAll(() => service.close());

describe('simplereenroll', () => {
  it('a new key: a new certificate; the same request again: the same one', async () => {
    const device = await enrolled(service, 'ROT-1');
    const csr = renewal(device.der);
    const first = certificateOf(await service.client.simplereenroll(csr, device));
    expect(hex(certificateOf(await service.client.simplereenroll(csr, device)))).toBe(hex(first));
    expect(hex(first)).not.toBe(hex(device.der));
  });

  it('the same key before the renewal window: the certificate that it has', async () => {
    const token = await service.makeToken('ROT-2');
    const { der, key } = makeTestRequest();
    const device = service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
    const again = await service.client.simplereenroll(renewal(device.der, key), device);
    expect(hex(certificateOf(again))).toBe(hex(device.der));
  });

  it('four keys at once from one certificate: one child stays in force', async () => {
    const device = await enrolled(service, 'ROT-3');
    const keys = Array.from({ length: 4 }, () => generateTestKey());
    const replies = await Promise.all(
      keys.map((key) => service.client.simplereenroll(renewal(device.der, key), device)),
    );
    const children = replies.map((reply, i) => service.save(certificateOf(reply), keys[i]!.privateKey));
    const after = await Promise.all(children.map((one) => service.client.simplereenroll(renewal(one.der), one)));
    expect(after.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(after.flatMap(({ code }) => code ?? []))).toEqual(new Set(['PARENT_WITHDRAWN']));
  });

  it('the successor was used and the old certificate asks for another key: LINEAGE_FORK', async () => {
    const device = await enrolled(service, 'ROT-4');
    await rotated(service, await rotated(service, device));
    const refused = await service.client.simplereenroll(renewal(device.der), device);
    expect([refused.status, refused.code]).toEqual([403, 'LINEAGE_FORK']);
    expect(await service.refusals('ROT-4')).toEqual(['LINEAGE_FORK']);
  });

  it('a lineage fork with a token at hand: refused all the same', async () => {
    const device = await enrolled(service, 'ROT-5');
    await rotated(service, await rotated(service, device));
    const token = await service.makeToken('ROT-5');
    const refused = await service.client.simpleenroll(makeTestRequest().der, { ...device, token });
    expect(refused.code).toBe('LINEAGE_FORK');
  });

  it('subject or subjectAltName differ from those of the certificate: 400', async () => {
    const device = await enrolled(service, 'ROT-6');
    const { subject, extensions } = parseCertificate(device.der);
    const san = extensions.get(Oid.subjectAltName)!;
    const held = encodeExtension(Oid.subjectAltName, false, san.value);
    for (const [csr, code] of [
      [makeTestRequest({ extensions: [held] }), 'CSR_SUBJECT_MISMATCH'],
      [
        makeTestRequest({ subject: [{ type: Oid.serialNumber, value: 'ROT-7' }], extensions: [held] }),
        'CSR_SUBJECT_MISMATCH',
      ],
      [makeTestRequest({ subject }), 'CSR_SAN_MISMATCH'],
    ] as const) {
      const refused = await service.client.simplereenroll(csr.der, device);
      expect([refused.status, refused.code]).toEqual([400, code]);
    }
  });

  it('an IDevID, no certificate, or a password alone: refused', async () => {
    const idevid = await service.makeIdevid('ROT-8');
    const refused = await service.client.simplereenroll(renewal(idevid.der), idevid);
    expect([refused.status, refused.code]).toEqual([403, 'REENROLL_NEEDS_LDEVID']);
    const token = await service.makeToken('ROT-8');
    const anonymous = await service.client.simplereenroll(makeTestRequest().der, { token });
    expect([anonymous.status, anonymous.code]).toEqual([401, 'CREDENTIALS_MISSING']);
  });

  it('the policy is pseudonymous: the registry still knows whose certificate it is', async () => {
    const device = await enrolled(service, 'ROT-9', 'private');
    expect(new X509Certificate(device.der).subject).not.toContain('ROT-9');
    const child = await rotated(service, device);
    expect(new X509Certificate(child.der).subject).toBe(new X509Certificate(device.der).subject);
    expect(await service.deviceState('ROT-9')).toBe('active');
  });

  it('the registry has the device under another policy: rotated under that of the certificate presented', async () => {
    const device = await enrolled(service, 'ROT-11', 'private');
    await service.moveToPolicy('ROT-11', 'default');
    const csr = renewal(device.der);
    const refused = await service.client.simplereenroll(csr, device, 'tokens');
    expect([refused.status, refused.code]).toEqual([403, 'LABEL_NOT_ALLOWED']);
    certificateOf(await service.client.simplereenroll(csr, device, 'private'));
  });

  it('the device is suspended or revoked: 403, and a token does not help', async () => {
    const device = await enrolled(service, 'ROT-10');
    await service.suspend('ROT-10');
    const held = await service.client.simplereenroll(renewal(device.der), device);
    expect([held.status, held.code]).toEqual([403, 'SUBJECT_HELD']);
    await service.revoke('ROT-10');
    const closed = await service.client.simplereenroll(renewal(device.der), device);
    expect([closed.status, closed.code]).toEqual([403, 'SUBJECT_CLOSED']);
    expect(await service.refusals('ROT-10')).toEqual(['SUBJECT_CLOSED', 'SUBJECT_HELD']);
  });
});

describe('a certificate that is shown where none is needed', () => {
  it('counts as seen: the token that it came from is spent', async () => {
    const token = await service.makeToken('SEEN-1');
    const { der, key } = makeTestRequest();
    const device = service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
    expect(await service.deviceState('SEEN-1')).toBe('provisioned');
    await service.client.cacerts({ credentials: device });
    await expect.poll(() => service.deviceState('SEEN-1')).toBe('active');
    const refused = await service.client.simpleenroll(makeTestRequest().der, { token });
    expect(refused.code).toBe('WARRANT_SPENT');
  });
});

// Last, since the clock only goes forward.
describe('after the LDevID has expired', () => {
  it('authentication fails with 401; a new token, sent with it, gets the device back', async () => {
    const device = await enrolled(service, 'OLD-1');
    const stale = await service.makeToken('OLD-2');
    service.advance(31 * 86_400);
    const refused = await service.client.simplereenroll(renewal(device.der), device);
    expect([refused.status, refused.code]).toEqual([401, 'CERT_EXPIRED']);
    expect((await service.client.simpleenroll(makeTestRequest().der, device)).code).toBe('CERT_EXPIRED');
    const expired = await service.client.simpleenroll(makeTestRequest().der, { token: stale });
    expect([expired.status, expired.code]).toEqual([401, 'ENROLLMENT_TOKEN_EXPIRED']);
    const token = await service.makeToken('OLD-1');
    certificateOf(await service.client.simpleenroll(makeTestRequest().der, { ...device, token }));
    expect(service.errors).toEqual([]);
  });
});
