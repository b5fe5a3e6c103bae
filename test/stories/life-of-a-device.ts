import { execFile } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { EstClient, generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { deviceRefOf } from '@touchmark/ca-port';
import { provision } from '../fixture/batch-client.js';
import type { ServiceUnderTest } from '../fixture/service.js';

const run = promisify(execFile);

let service: ServiceUnderTest;
let rootPem: string;

const validUntil = (): number => Math.floor(Date.now() / 1000) + 3600;

/** Runs openssl on files of the test; answers what it printed on both streams, and whether it succeeded. */
async function openssl(...args: string[]): Promise<{ ok: boolean; said: string }> {
  try {
    const { stdout, stderr } = await run('openssl', args, { cwd: service.folder });
    return { ok: true, said: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' }: { stdout?: string; stderr?: string } = Object(error);
    return { ok: false, said: stdout + stderr };
  }
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Asks again until it is so; the test's own time limit ends what never becomes so. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

interface Enrolled {
  readonly certificate: Uint8Array;
  readonly key: string;
}

/** A device of a factory's batch, with the LDevID that it enrolled for on its IDevID over EST. */
async function provisionAndEnroll(deviceSerial: string): Promise<{ idevid: Enrolled; ldevid: Enrolled }> {
  const { body: batch } = await service.admin.post('/v1/batches', {
    factory: 'demo-factory',
    model: 'demo-sensor',
    policy: 'default',
    size: 1,
    validUntil: validUntil(),
  });
  const idevidKey = generateTestKey();
  const { der: csr } = makeTestRequest({ key: idevidKey });
  const { answers, done } = await provision(service.admin, batch.id, [{ deviceSerial, csr }]);
  const [answer] = answers;
  if (!done || !answer || !('certificate' in answer)) throw new Error(`not provisioned: ${JSON.stringify(answer)}`);
  const idevid = { certificate: Buffer.from(answer.certificate, 'base64'), key: pemOf(idevidKey.privateKey) };
  const est = new EstClient({ url: `${service.urls.device}/.well-known/est`, ca: rootPem });
  const ldevidKey = generateTestKey();
  const reply = await est.simpleenroll(makeTestRequest({ key: ldevidKey }).der, {
    cert: encodePem('CERTIFICATE', idevid.certificate),
    key: idevid.key,
  });
  const [certificate] = reply.certificates;
  if (!certificate) throw new Error(`not enrolled: ${reply.status} ${reply.code}`);
  return { idevid, ldevid: { certificate, key: pemOf(ldevidKey.privateKey) } };
}

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

/** The CA certificates of the hierarchy by kind, written to files for openssl. */
async function writeAuthorities(): Promise<void> {
  const { body } = await service.admin.get('/v1/authorities');
  for (const { kind, id } of body.items ?? body) {
    const der = await fetchBytes(`${service.urls.public}/ca/${id}.cer`).catch(() => undefined);
    if (der) await writeFile(path.join(service.folder, `${kind}.pem`), encodePem('CERTIFICATE', der));
  }
}

/** Told of any service that is started already, in however many processes. */
export function lifeOfADevice(started: () => ServiceUnderTest): void {
  describe('a device from the factory to its revocation, judged by openssl', () => {
    beforeAll(async () => {
      service = started();
      rootPem = await readFile(service.files.rootCertificate, 'utf8');
    });

    it('accepted with its CRL, and by OCSP; after the revocation refused by both, everything else of it too', async () => {
      const { idevid, ldevid } = await provisionAndEnroll('LIFE-1');
      await writeAuthorities();
      await writeFile(path.join(service.folder, 'root.pem'), rootPem);
      const certificates = { ldevid, idevid };
      const crlUris = new Map<string, string>();
      for (const [name, { certificate }] of Object.entries(certificates)) {
        await writeFile(path.join(service.folder, `${name}-leaf.pem`), encodePem('CERTIFICATE', certificate));
        const { said } = await openssl('x509', '-in', `${name}-leaf.pem`, '-noout', '-ext', 'crlDistributionPoints');
        crlUris.set(name, /URI:(\S+)/.exec(said)?.[1] ?? '');
      }
      const verifyWithCrl = async (name: string) => {
        await writeFile(path.join(service.folder, `${name}.crl`), await fetchBytes(crlUris.get(name) ?? ''));
        await openssl('crl', '-inform', 'DER', '-in', `${name}.crl`, '-out', `${name}-crl.pem`);
        const trust = ['-CAfile', 'root.pem', '-untrusted', `${name}.pem`, '-CRLfile', `${name}-crl.pem`];
        return openssl('verify', '-crl_check', ...trust, `${name}-leaf.pem`);
      };
      const ocsp = async (name: string) => {
        const asked = ['-issuer', `${name}.pem`, '-cert', `${name}-leaf.pem`];
        return openssl(
          'ocsp',
          ...asked,
          '-url',
          `${service.urls.public}/ocsp`,
          '-CAfile',
          'root.pem',
          '-verify_other',
          `${name}.pem`,
        );
      };
      for (const name of Object.keys(certificates)) {
        expect(await verifyWithCrl(name)).toMatchObject({ ok: true });
        const { said } = await ocsp(name);
        expect(said).toContain('Response verify OK');
        expect(said).toContain(`${name}-leaf.pem: good`);
      }

      const deviceRef = deviceRefOf({ realm: 'devices.local', model: 'demo-sensor', deviceSerial: 'LIFE-1' });
      const { body: revoked } = await service.admin.post(`/v1/devices/${deviceRef}/revocation`, {
        reason: 'keyCompromise',
      });
      expect(revoked).toMatchObject({ seatsChanged: 2, state: 'revoked' });

      for (const name of Object.keys(certificates)) {
        await until(async () => (await ocsp(name)).said.includes('revoked'));
        expect((await ocsp(name)).said).toContain('Reason: keyCompromise');
        await until(async () => !(await verifyWithCrl(name)).ok);
        expect((await verifyWithCrl(name)).said).toContain('certificate revoked');
      }
      const est = new EstClient({ url: `${service.urls.device}/.well-known/est`, ca: rootPem });
      const reply = await est.simpleenroll(makeTestRequest().der, {
        cert: encodePem('CERTIFICATE', ldevid.certificate),
        key: ldevid.key,
      });
      expect(reply).toMatchObject({ status: 403, code: 'SUBJECT_CLOSED' });
    });
  });
}
