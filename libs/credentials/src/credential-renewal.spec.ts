import { createPublicKey, verify } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { renewalProofOctets, type ServiceRenewalOutcome, type ServiceRenewalRequest } from '@touchmark/ca-port';
import { TEST_NOW, TestCa } from '@touchmark/testkit';
import { parseCertificationRequest } from '@touchmark/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CredentialFolder } from './credential-folder.js';
import { CredentialRenewal } from './credential-renewal.js';
import { certificateFor, HALF, infrastructure, newCredential, newFolder } from '../test/credentials.js';

let at: string;
let folder: CredentialFolder;
beforeEach(async () => {
  ({ path: at, folder } = await newFolder());
  await folder.write('service', newCredential());
  await folder.writeAnchors('infrastructure', [infrastructure.der]);
});
afterEach(() => rm(path.dirname(at), { recursive: true }));

type Answer = (request: ServiceRenewalRequest) => ServiceRenewalOutcome | Promise<ServiceRenewalOutcome>;

/** A CA that answers in time; `world` is what a test changes. */
async function open(answer: Answer = renewed) {
  const world = { now: TEST_NOW, answer, requests: [] as ServiceRenewalRequest[], errors: [] as unknown[] };
  const renewal = await CredentialRenewal.open({
    folder,
    name: 'service',
    renew: async (request) => {
      world.requests.push(request);
      return world.answer(request);
    },
    now: () => world.now,
    onError: (error) => world.errors.push(error),
  });
  return { world, renewal };
}

function renewed({ csr }: ServiceRenewalRequest, issuer = infrastructure): ServiceRenewalOutcome {
  const { subjectPublicKeyInfo } = parseCertificationRequest(csr);
  const [notBefore, notAfter] = [TEST_NOW - 1, TEST_NOW + 5 * HALF];
  const certificate = certificateFor(subjectPublicKeyInfo, issuer, { notBefore, notAfter });
  return { ok: true, certificate, issuerCertificate: issuer.der, notBefore, notAfter };
}

describe('CredentialRenewal', () => {
  it('before half of the life: asks for nothing; from then on: renewed, stored, told', async () => {
    const { world, renewal } = await open();
    const first = renewal.current();
    world.now = TEST_NOW - 1;
    await renewal.check();
    expect(world.requests).toHaveLength(0);

    let told = 0;
    renewal.onChange(() => told++);
    world.now = TEST_NOW;
    await renewal.check();
    expect(told).toBe(1);
    expect(renewal.current()).not.toBe(first);
    expect(renewal.current().certificate.notAfter).toBe(TEST_NOW + 5 * HALF);
    const stored = await folder.read('service');
    expect(Buffer.from(stored.chain[0] ?? [])).toEqual(Buffer.from(renewal.current().chain[0] ?? []));
    expect(renewal.tls().ca).toContain('CERTIFICATE');
    await renewal.check();
    expect(world.requests).toHaveLength(2);
  });

  it('what was stored is shown to the CA, by its own key, until the CA has seen it', async () => {
    const { world, renewal } = await open((request) =>
      world.requests.length === 2 ? Promise.reject(new Error('away')) : renewed(request),
    );
    await renewal.check();
    expect(world.errors).toHaveLength(1);
    await renewal.check();
    await renewal.check();
    const { certificate, chain } = renewal.current();
    expect(world.requests).toHaveLength(3);
    for (const shown of world.requests.slice(1)) {
      expect(Buffer.from(shown.certificate)).toEqual(Buffer.from(chain[0] ?? []));
      const { subjectPublicKeyInfo } = parseCertificationRequest(shown.csr);
      expect(Buffer.from(subjectPublicKeyInfo)).toEqual(Buffer.from(certificate.subjectPublicKeyInfo));
    }
  });

  it.each(['CA_UNAVAILABLE', 'INTERNAL'] as const)(
    '%s: the same key again, it may have its certificate',
    async (code) => {
      const { world, renewal } = await open(() => ({ ok: false, code, detail: '' }));
      await expect(renewal.check()).rejects.toMatchObject({ code: 'RENEWAL_REFUSED', context: { refusal: code } });
      world.answer = renewed;
      await renewal.check();
      const keys = world.requests.map(({ csr }) => Buffer.from(parseCertificationRequest(csr).subjectPublicKeyInfo));
      expect(keys[1]).toEqual(keys[0]);
    },
  );

  it('the request proves the current key, over the new key’s request', async () => {
    const { world, renewal } = await open();
    const { privateKey, chain } = renewal.current();
    await renewal.renew();
    const [request] = world.requests;
    if (!request) throw new Error('nothing was asked');
    expect(Buffer.from(request.certificate)).toEqual(Buffer.from(chain[0] ?? []));
    const octets = renewalProofOctets(request.certificate, request.csr);
    expect(verify('sha256', octets, createPublicKey(privateKey), request.proof)).toBe(true);
  });

  it('an answer that is lost: the same key is asked for again', async () => {
    const { world, renewal } = await open(() => Promise.reject(new Error('lost')));
    await expect(renewal.check()).rejects.toThrow('lost');
    world.answer = renewed;
    await renewal.check();
    const [first, second] = world.requests.map(({ csr }) => parseCertificationRequest(csr).subjectPublicKeyInfo);
    expect(first && Buffer.from(first)).toEqual(second && Buffer.from(second));
    expect(renewal.current().certificate.notAfter).toBe(TEST_NOW + 5 * HALF);
  });

  it('a refusal: RENEWAL_REFUSED with its code, the old pair stays, and the next try has another key', async () => {
    const { world, renewal } = await open(() => ({ ok: false, code: 'KEY_BLOCKED', detail: '' }));
    const context = { name: 'service', refusal: 'KEY_BLOCKED' };
    await expect(renewal.check()).rejects.toMatchObject({ code: 'RENEWAL_REFUSED', context });
    await expect(folder.read('service')).resolves.toMatchObject({ name: 'service' });
    world.answer = renewed;
    await renewal.check();
    const keys = world.requests.map(({ csr }) => Buffer.from(parseCertificationRequest(csr).subjectPublicKeyInfo));
    expect(keys[0]).not.toEqual(keys[1]);
  });

  const foreign = TestCa.root({ subject: 'Infrastructure CA' });
  it.each<[string, Answer]>([
    ['from an issuer that is not trusted', (request) => renewed(request, foreign)],
    [
      'that names a trusted issuer which did not sign',
      (request) => {
        return { ...renewed(request, foreign), issuerCertificate: infrastructure.der };
      },
    ],
    [
      'for another key',
      () => {
        const [certificate = new Uint8Array()] = newCredential().chain;
        return { ok: true, certificate, issuerCertificate: infrastructure.der, notBefore: 0, notAfter: 0 };
      },
    ],
    [
      'for another holder',
      ({ csr }) => {
        const { subjectPublicKeyInfo } = parseCertificationRequest(csr);
        const value = 'spiffe://devices.test/service/responder';
        const certificate = certificateFor(subjectPublicKeyInfo, infrastructure, {
          subjectAltName: [{ kind: 'uniformResourceIdentifier', value }],
        });
        return { ok: true, certificate, issuerCertificate: infrastructure.der, notBefore: 0, notAfter: 0 };
      },
    ],
    [
      'that has expired',
      ({ csr }) => {
        const { subjectPublicKeyInfo } = parseCertificationRequest(csr);
        const certificate = certificateFor(subjectPublicKeyInfo, infrastructure, { notAfter: TEST_NOW - 1 });
        return { ok: true, certificate, issuerCertificate: infrastructure.der, notBefore: 0, notAfter: 0 };
      },
    ],
    [
      'that is no certificate',
      () => {
        const certificate = Uint8Array.of(1, 2, 3);
        return { ok: true, certificate, issuerCertificate: infrastructure.der, notBefore: 0, notAfter: 0 };
      },
    ],
  ])('an answer %s: RENEWAL_ANSWER_INVALID, and the old pair stays', async (_, answer) => {
    const { renewal } = await open(answer);
    const before = renewal.current();
    await expect(renewal.check()).rejects.toMatchObject({ code: 'RENEWAL_ANSWER_INVALID' });
    expect(renewal.current()).toBe(before);
    const stored = await folder.read('service');
    expect(Buffer.from(stored.chain[0] ?? [])).toEqual(Buffer.from(before.chain[0] ?? []));
  });

  it('asked twice at a time: one request', async () => {
    const { world, renewal } = await open();
    await Promise.all([renewal.renew(), renewal.renew()]);
    const certificates = world.requests.map(({ certificate }) => Buffer.from(certificate).toString('hex'));
    expect(new Set(certificates).size).toBe(2);
    expect(certificates).toHaveLength(2);
    expect((await readdir(at)).filter((name) => name.endsWith('.jwe'))).toHaveLength(1);
  });

  it('a listener that fails is reported and keeps nobody else from being told', async () => {
    const { world, renewal } = await open();
    let told = 0;
    renewal.onChange(() => {
      throw new Error('listener');
    });
    const stop = renewal.onChange(() => told++);
    await renewal.renew();
    stop();
    await renewal.renew();
    expect(told).toBe(1);
    expect(world.errors).toHaveLength(2);
  });

  it('started: looks at once, and stop waits for what is under way', async () => {
    const { world, renewal } = await open();
    renewal.start();
    await renewal.stop();
    expect(world.requests).toHaveLength(2);
    expect(renewal.current().certificate.notAfter).toBe(TEST_NOW + 5 * HALF);
  });

  it('started and refused: reported', async () => {
    const { world, renewal } = await open(() => Promise.reject(new Error('away')));
    renewal.start();
    await renewal.stop();
    expect(world.errors).toHaveLength(1);
  });
});
