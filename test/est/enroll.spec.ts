import { X509Certificate } from 'node:crypto';
import { Oid } from '@touchmark/der';
import { type EstReply, generateTestKey, makeTestRequest, TestCa, type TestKey } from '@touchmark/testkit';
import { encodeExtension, encodeSubjectAltName, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DeviceFiles, type EstService, startEstService } from './est-service.js';

let service: EstService;
beforeAll(async () => {
  service = await startEstService(inject('databaseUrl'));
});
afterAll(() => service.close());

const hex = (der: Uint8Array | undefined): string => Buffer.from(der ?? []).toString('hex');

/** The certificate of an answer that must be one. */
function certificateOf(reply: EstReply): Uint8Array {
  const [certificate] = reply.certificates;
  if (reply.status !== 200 || !certificate) throw new Error(`${reply.status} ${reply.body.toString()}`);
  return certificate;
}

/** A request with the names of the certificate, as simplereenroll wants it. */
function renewal(der: Uint8Array, key: TestKey = generateTestKey()): Uint8Array {
  const { subject, extensions } = parseCertificate(der);
  const san = extensions.get(Oid.subjectAltName);
  const requested = san ? [encodeExtension(Oid.subjectAltName, san.critical, san.value)] : [];
  return makeTestRequest({ key, subject, extensions: requested }).der;
}

/** A device that has enrolled by token, with its LDevID. */
async function enrolled(deviceSerial: string, policy: 'default' | 'private' = 'default'): Promise<DeviceFiles> {
  const token = await service.makeToken(deviceSerial, { policy });
  const { der, key } = makeTestRequest();
  return service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
}

async function rotated(device: DeviceFiles): Promise<DeviceFiles> {
  const key = generateTestKey();
  const reply = await service.client.simplereenroll(renewal(device.der, key), device);
  return service.save(certificateOf(reply), key.privateKey);
}

describe('simpleenroll by token', () => {
  it('a new device: exactly its certificate, and the registry shows it', async () => {
    const token = await service.makeToken('TOK-1');
    const { der, key } = makeTestRequest();
    const reply = await service.client.simpleenroll(der, { token, user: 'TOK-1' });
    expect(reply.certificates).toHaveLength(1);
    const certificate = new X509Certificate(certificateOf(reply));
    expect(certificate.checkPrivateKey(key.privateKey)).toBe(true);
    expect(certificate.subjectAltName).toBe('URI:spiffe://devices.test/device/sensor-1/TOK-1');
    expect(await service.deviceState('TOK-1')).toBe('provisioned');
    expect(service.errors).toEqual([]);
  });

  it('the reply was lost, the same request again: the same certificate', async () => {
    const token = await service.makeToken('TOK-LOST');
    const { der } = makeTestRequest();
    const first = certificateOf(await service.client.simpleenroll(der, { token }));
    expect(hex(certificateOf(await service.client.simpleenroll(der, { token })))).toBe(hex(first));
  });

  it('the same request eight times at once: one certificate', async () => {
    const token = await service.makeToken('TOK-TWICE');
    const { der } = makeTestRequest();
    const replies = await Promise.all(Array.from({ length: 8 }, () => service.client.simpleenroll(der, { token })));
    expect(new Set(replies.map(certificateOf).map(hex)).size).toBe(1);
  });

  it('two keys on one token before either was used: the later one stays, the earlier one is withdrawn', async () => {
    const token = await service.makeToken('TOK-KEYS');
    const devices: DeviceFiles[] = [];
    for (const { der, key } of [makeTestRequest(), makeTestRequest()]) {
      const certificate = certificateOf(await service.client.simpleenroll(der, { token }));
      devices.push(service.save(certificate, key.privateKey));
    }
    const [earlier, later] = devices;
    const refused = await service.client.simplereenroll(renewal(earlier!.der), earlier!);
    expect([refused.status, refused.code]).toEqual([403, 'PARENT_WITHDRAWN']);
    await rotated(later!);
  });

  it('two keys at once: one of the two certificates stays in force', async () => {
    const token = await service.makeToken('TOK-RACE');
    const requests = [makeTestRequest(), makeTestRequest()];
    const replies = await Promise.all(requests.map(({ der }) => service.client.simpleenroll(der, { token })));
    const devices = replies.map((reply, i) => service.save(certificateOf(reply), requests[i]!.key.privateKey));
    const after = await Promise.all(devices.map((one) => service.client.simplereenroll(renewal(one.der), one)));
    expect(after.map(({ code, status }) => code ?? status).toSorted()).toEqual([200, 'PARENT_WITHDRAWN']);
  });

  it('its certificate was used: the token is spent', async () => {
    const token = await service.makeToken('TOK-SPENT');
    const { der, key } = makeTestRequest();
    const device = service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
    await rotated(device);
    const refused = await service.client.simpleenroll(makeTestRequest().der, { token });
    expect([refused.status, refused.code]).toEqual([403, 'WARRANT_SPENT']);
    expect(await service.refusals('TOK-SPENT')).toEqual(['WARRANT_SPENT']);
    expect(await service.deviceState('TOK-SPENT')).toBe('active');
  });

  it('no token, an unknown one, one of another device: 401 with a challenge, and nothing is issued', async () => {
    const before = await service.count('ca.credential');
    const token = await service.makeToken('TOK-401');
    const { der } = makeTestRequest();
    for (const [credentials, code] of [
      [{}, 'CREDENTIALS_MISSING'],
      [{ token: '' }, 'CREDENTIALS_MISSING'],
      [{ token: 'wrong' }, 'ENROLLMENT_TOKEN_UNKNOWN'],
      [{ token: `${token}=` }, 'ENROLLMENT_TOKEN_UNKNOWN'],
      [{ token, user: 'TOK-402' }, 'ENROLLMENT_TOKEN_MISMATCH'],
    ] as const) {
      const refused = await service.client.simpleenroll(der, credentials);
      expect([refused.status, refused.code]).toEqual([401, code]);
      expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Basic realm=/);
    }
    expect(await service.count('ca.credential')).toBe(before);
  });

  it('a path with the label of the token policy: issued; of another policy: 403; of none: 404', async () => {
    const token = await service.makeToken('TOK-LABEL', { policy: 'tokens' });
    const { der } = makeTestRequest();
    const of = async (label: string) => {
      const { status, code } = await service.client.simpleenroll(der, { token }, label);
      return code ?? status;
    };
    expect(await of('idevids')).toBe('LABEL_NOT_ALLOWED');
    expect(await of('nothing')).toBe('LABEL_UNKNOWN');
    expect(await of('tokens')).toBe(200);
  });

  it('the token is of a policy that is not for the model, or not for tokens: 403', async () => {
    for (const [policy, code] of [
      ['others', 'MODEL_NOT_ALLOWED'],
      ['idevids', 'BOOTSTRAP_NOT_ALLOWED'],
    ] as const) {
      const token = await service.makeToken(`TOK-${policy}`, { policy });
      const refused = await service.client.simpleenroll(makeTestRequest().der, { token });
      expect([refused.status, refused.code]).toEqual([403, code]);
    }
  });

  it('the request names another device: 400, and no device comes of it', async () => {
    const token = await service.makeToken('TOK-SELF');
    const uri = 'spiffe://devices.test/device/sensor-1/TOK-OTHER';
    const san = encodeSubjectAltName([{ kind: 'uniformResourceIdentifier', value: uri }]);
    const named = makeTestRequest({ subject: [{ type: Oid.serialNumber, value: 'TOK-OTHER' }] });
    const alternative = makeTestRequest({ extensions: [encodeExtension(Oid.subjectAltName, false, san)] });
    const subject = await service.client.simpleenroll(named.der, { token });
    const subjectAltName = await service.client.simpleenroll(alternative.der, { token });
    expect([subject.status, subject.code]).toEqual([400, 'CSR_SUBJECT_MISMATCH']);
    expect([subjectAltName.status, subjectAltName.code]).toEqual([400, 'CSR_SAN_MISMATCH']);
    expect(await service.deviceState('TOK-SELF')).toBeUndefined();
    expect(await service.deviceState('TOK-OTHER')).toBeUndefined();
  });
});

describe('simpleenroll by certificate', () => {
  it('an IDevID: an LDevID, and asked again with another key the first one is withdrawn', async () => {
    const idevid = await service.makeIdevid('DEV-1');
    const first = makeTestRequest();
    const ldevid = service.save(
      certificateOf(await service.client.simpleenroll(first.der, idevid, 'idevids')),
      first.key.privateKey,
    );
    expect(new X509Certificate(ldevid.der).subject).toBe('serialNumber=DEV-1');
    certificateOf(await service.client.simpleenroll(makeTestRequest().der, idevid, 'idevids'));
    const refused = await service.client.simplereenroll(renewal(ldevid.der), ldevid);
    expect(refused.code).toBe('PARENT_WITHDRAWN');
    expect(await service.deviceState('DEV-1')).toBe('active');
  });

  it('a policy for tokens alone, one that is not for the model, no such label: refused', async () => {
    const idevid = await service.makeIdevid('DEV-2');
    const answers = ['tokens', 'others', 'nothing'].map(async (label) => {
      const { status, code } = await service.client.simpleenroll(makeTestRequest().der, idevid, label);
      return [status, code];
    });
    expect(await Promise.all(answers)).toEqual([
      [403, 'BOOTSTRAP_NOT_ALLOWED'],
      [403, 'MODEL_NOT_ALLOWED'],
      [404, 'LABEL_UNKNOWN'],
    ]);
  });

  it('an LDevID: rotated as by simplereenroll, but the request may leave out the names', async () => {
    const device = await enrolled('DEV-3');
    const certificate = certificateOf(await service.client.simpleenroll(makeTestRequest().der, device));
    expect(new X509Certificate(certificate).subject).toBe('serialNumber=DEV-3');
    const refused = await service.client.simpleenroll(makeTestRequest().der, device, 'tokens');
    expect([refused.status, refused.code]).toEqual([403, 'LABEL_NOT_ALLOWED']);
  });

  it('from another CA, even with our names in it: 401', async () => {
    const ours = parseCertificate((await service.makeIdevid('DEV-4')).der);
    const foreign = TestCa.root().issue({ subject: ours.subject, notBefore: ours.notBefore, issuer: ours.issuer });
    const files = service.save(foreign.der, foreign.key.privateKey);
    const refused = await service.client.simpleenroll(makeTestRequest().der, files);
    expect([refused.status, refused.code]).toEqual([401, 'BAD_SIGNATURE']);
    const stranger = TestCa.root().issue({ notBefore: ours.notBefore });
    const unknown = service.save(stranger.der, stranger.key.privateKey);
    expect((await service.client.simpleenroll(makeTestRequest().der, unknown)).code).toBe('UNKNOWN_ISSUER');
  });

  it('with a token of another device beside a good certificate: the certificate counts', async () => {
    const idevid = await service.makeIdevid('DEV-5');
    const token = await service.makeToken('DEV-6');
    const certificate = certificateOf(await service.client.simpleenroll(makeTestRequest().der, { ...idevid, token }));
    expect(new X509Certificate(certificate).subject).toBe('serialNumber=DEV-5');
  });

  it('from another CA, with a token of ours: the token counts', async () => {
    const stranger = TestCa.root().issue();
    const files = service.save(stranger.der, stranger.key.privateKey);
    const token = await service.makeToken('DEV-7');
    const certificate = certificateOf(await service.client.simpleenroll(makeTestRequest().der, { ...files, token }));
    expect(new X509Certificate(certificate).subject).toBe('serialNumber=DEV-7');
  });
});

describe('simplereenroll', () => {
  it('a new key: a new certificate; the same request again: the same one', async () => {
    const device = await enrolled('ROT-1');
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
    const device = await enrolled('ROT-3');
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
    const device = await enrolled('ROT-4');
    await rotated(await rotated(device));
    const refused = await service.client.simplereenroll(renewal(device.der), device);
    expect([refused.status, refused.code]).toEqual([403, 'LINEAGE_FORK']);
    expect(await service.refusals('ROT-4')).toEqual(['LINEAGE_FORK']);
  });

  it('a lineage fork with a token at hand: refused all the same', async () => {
    const device = await enrolled('ROT-5');
    await rotated(await rotated(device));
    const token = await service.makeToken('ROT-5');
    const refused = await service.client.simpleenroll(makeTestRequest().der, { ...device, token });
    expect(refused.code).toBe('LINEAGE_FORK');
  });

  it('subject or subjectAltName differ from those of the certificate: 400', async () => {
    const device = await enrolled('ROT-6');
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
    const device = await enrolled('ROT-9', 'private');
    expect(new X509Certificate(device.der).subject).not.toContain('ROT-9');
    const child = await rotated(device);
    expect(new X509Certificate(child.der).subject).toBe(new X509Certificate(device.der).subject);
    expect(await service.deviceState('ROT-9')).toBe('active');
  });

  it('the device is suspended or revoked: 403, and a token does not help', async () => {
    const device = await enrolled('ROT-10');
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
  it('it authenticates nobody: 401; a new token, sent with it, gets the device back', async () => {
    const device = await enrolled('OLD-1');
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
