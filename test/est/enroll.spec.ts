import { X509Certificate } from 'node:crypto';
import { Oid } from '@touchmark/der';
import { makeTestRequest, TestCa } from '@touchmark/testkit';
import { encodeExtension, encodeSubjectAltName, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { certificateOf, enrolled, hex, renewal, rotated } from './devices.js';
import { type DeviceFiles, type EstService, startEstService } from './est-service.js';

let service: EstService;
beforeAll(async () => {
  service = await startEstService(inject('databaseUrl'));
});
afterAll(() => service.close());

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
    await rotated(service, later!);
  });

  it('two keys at once: one of the two certificates stays in force', async () => {
    const token = await service.makeToken('TOK-RACE');
    const requests = [makeTestRequest(), makeTestRequest()];
    const replies = await Promise.all(requests.map(({ der }) => service.client.simpleenroll(der, { token })));
    const devices = replies.map((reply, i) => service.save(certificateOf(reply), requests[i]!.key.privateKey));
    const after = await Promise.all(devices.map((one) => service.client.simplereenroll(renewal(one.der), one)));
    expect(new Set(after.map(({ code, status }) => code ?? status))).toEqual(new Set([200, 'PARENT_WITHDRAWN']));
  });

  it('its certificate was used: the token is spent', async () => {
    const token = await service.makeToken('TOK-SPENT');
    const { der, key } = makeTestRequest();
    const device = service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
    await rotated(service, device);
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
    const device = await enrolled(service, 'DEV-3');
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
