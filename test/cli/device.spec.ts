import { createPublicKey, X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, afterAll, describe, expect, inject, it } from 'vitest';
import { type CliResult, runCli } from '../fixture/cli.js';
import { startTestService, type TestService } from '../fixture/service.js';

let service: TestService;
let environment: Record<string, string>;

beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
  environment = { TOUCHMARK_DATA_FOLDER: path.dirname(service.files.rootCertificate) };
});
afterAll(() => service?.close());

const run = (...args: string[]): Promise<CliResult> =>
  runCli([...args, '--json'], { environment, cwd: service.folder });
const newFolder = (): Promise<string> => mkdtemp(path.join(service.folder, 'device-'));

async function tokenFor(deviceSerial: string): Promise<string> {
  const validUntil = Math.floor(Date.now() / 1000) + 600;
  const { body } = await service.admin.post('/v1/enrollment-tokens', {
    policy: 'default',
    model: 'demo-sensor',
    deviceSerial,
    validUntil,
  });
  return body.secret;
}

/** A device that has enrolled with a token; its folder. */
async function enrolled(deviceSerial: string): Promise<string> {
  const folder = await newFolder();
  expect((await run('device', 'enroll', '--token', await tokenFor(deviceSerial), '--dir', folder)).code).toBe(0);
  return folder;
}

interface Pair {
  readonly serialNumber: string;
  readonly fits: boolean;
  readonly length: number;
}

/** What lies in a device's folder. */
async function pairIn(folder: string): Promise<Pair> {
  const pem = await readFile(path.join(folder, 'device.pem'), 'utf8');
  const key = createPublicKey(await readFile(path.join(folder, 'device.key')));
  const certificate = new X509Certificate(pem);
  return {
    serialNumber: certificate.serialNumber.toLowerCase(),
    fits: certificate.publicKey.equals(key),
    length: pem.split('-----BEGIN CERTIFICATE-----').length - 1,
  };
}

describe('touchmark device enroll', () => {
  it('makes a key of its own, and writes a chain for it that leads to the root', async () => {
    const folder = await newFolder();
    const token = path.join(folder, 'token');
    await writeFile(token, `${await tokenFor('enrol-1')}\n`);
    const { code, stdout, stderr, json } = await run('device', 'enroll', '--token-file', token, '--dir', folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(json).toMatchObject({
      outcome: 'enrolled',
      certificate: { identity: 'spiffe://devices.local/device/demo-sensor/enrol-1', key: 'EC P-256' },
    });
    expect(stdout).not.toContain((await readFile(token, 'utf8')).trim());
    expect((await stat(path.join(folder, 'device.key'))).mode & 0o777).toBe(0o600);
    expect(await pairIn(folder)).toEqual({ serialNumber: json.certificate.serialNumber, fits: true, length: 2 });
    const [, issuer = ''] = (await readFile(path.join(folder, 'device.pem'), 'utf8')).split(
      /(?<=-----END CERTIFICATE-----\n)/,
    );
    const root = new X509Certificate(await readFile(service.files.rootCertificate));
    expect(new X509Certificate(issuer).verify(root.publicKey)).toBe(true);

    const again = await run('device', 'enroll', '--token-file', token, '--dir', folder);
    expect(again).toMatchObject({ code: 2, json: { error: { code: 'FILE_EXISTS' } } });
  });

  it('after a lost answer asks again with the same key and gets the same certificate', async () => {
    const folder = await newFolder();
    const token = await tokenFor('enrol-2');
    await run('device', 'enroll', '--token', token, '--dir', folder, '--key-type', 'ed25519');
    const first = await pairIn(folder);
    const key = await readFile(path.join(folder, 'device.key'), 'utf8');
    await rm(path.join(folder, 'device.pem'));
    // the secret by its variable this time
    const again = await runCli(['device', 'enroll', '--dir', folder, '--json'], {
      environment: { ...environment, TOUCHMARK_ENROLLMENT_TOKEN: token },
    });
    expect(again).toMatchObject({ code: 0, json: { outcome: 'enrolled', certificate: { key: 'Ed25519' } } });
    expect(await pairIn(folder)).toEqual(first);
    expect(await readFile(path.join(folder, 'device.key'), 'utf8')).toBe(key);
  });

  it('a refused token leaves a key and nothing else; a proof that is none is a wrong command line', async () => {
    const folder = await newFolder();
    const refused = await run('device', 'enroll', '--token', 'x'.repeat(43), '--dir', folder);
    expect(refused).toMatchObject({
      code: 3,
      json: { error: { code: 'NOT_AUTHENTICATED', service: { status: 401 } } },
    });
    await expect(stat(path.join(folder, 'device.pem'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await run('device', 'enroll', '--dir', folder)).json.error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    const twoProofs = await run(
      'device',
      'enroll',
      '--token',
      'x',
      '--idevid-cert',
      'a',
      '--idevid-key',
      'b',
      '--dir',
      folder,
    );
    expect(twoProofs.json.error.code).toBe('USAGE');
  });

  it('proves itself with what it was given at the factory', async () => {
    const folder = await newFolder();
    const keys = path.join(folder, 'keys');
    const made = await run(
      'batch',
      'provision',
      '--generate',
      '2',
      '--prefix',
      'factory-',
      '--keys-dir',
      keys,
      '--model',
      'demo-sensor',
    );
    expect(made.code).toBe(0);
    const results = (await readFile(made.json.results, 'utf8')).trimEnd().split('\n');
    const { deviceSerial, certificate } = JSON.parse(results[0] ?? '');
    const idevid = path.join(folder, 'idevid.der');
    await writeFile(idevid, Buffer.from(certificate, 'base64'));
    const args = [
      '--idevid-cert',
      idevid,
      '--idevid-key',
      path.join(keys, `${deviceSerial}.key`),
      '--dir',
      path.join(folder, 'device'),
    ];
    const { code, json } = await run('device', 'enroll', ...args);
    expect({ code, json }).toMatchObject({
      code: 0,
      json: {
        outcome: 'enrolled',
        certificate: { identity: `spiffe://devices.local/device/demo-sensor/${deviceSerial}` },
      },
    });
    expect((await pairIn(path.join(folder, 'device'))).fits).toBe(true);

    const wrong = [
      '--idevid-cert',
      idevid,
      '--idevid-key',
      path.join(keys, 'factory-000002.key'),
      '--dir',
      path.join(folder, 'other'),
    ];
    expect((await run('device', 'enroll', ...wrong)).json.error).toMatchObject({ code: 'KEY_MISMATCH', exitCode: 2 });
  });
});

describe('touchmark device renew', () => {
  it('changes key and certificate, and nothing of the attempt is left', async () => {
    const folder = await enrolled('renew-1');
    const before = await pairIn(folder);
    const { code, json } = await run('device', 'renew', '--dir', folder);
    expect({ code, json }).toMatchObject({
      code: 0,
      json: { outcome: 'renewed', certificate: { identity: 'spiffe://devices.local/device/demo-sensor/renew-1' } },
    });
    const after = await pairIn(folder);
    expect(after).toMatchObject({ serialNumber: json.certificate.serialNumber, fits: true, length: 2 });
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect((await stat(path.join(folder, 'device.key'))).mode & 0o777).toBe(0o600);
    for (const name of ['next.key', 'next.pem'])
      await expect(stat(path.join(folder, name))).rejects.toMatchObject({ code: 'ENOENT' });

    const same = await run('device', 'renew', '--same-key', '--dir', folder);
    expect(same).toMatchObject({ code: 0, json: { outcome: 'unchanged' } });
    expect(await pairIn(folder)).toEqual(after);
  });

  it('killed before the answer, between the answer and the swap, or within the swap: the next run ends what was begun', async () => {
    const folder = await enrolled('renew-2');
    const at = (name: string): string => path.join(folder, name);
    const kept = { key: at('kept.key'), pem: at('kept.pem') };
    await copyFile(at('device.key'), kept.key);
    await copyFile(at('device.pem'), kept.pem);
    await run('device', 'renew', '--dir', folder);
    const renewed = await pairIn(folder);
    const renewedPem = await readFile(at('device.pem'));

    // the answer was lost: the new key is there, and the service has issued for it
    await rename(at('device.key'), at('next.key'));
    await copyFile(kept.key, at('device.key'));
    await copyFile(kept.pem, at('device.pem'));
    expect(await run('device', 'renew', '--dir', folder)).toMatchObject({ code: 0, json: { outcome: 'renewed' } });
    expect(await pairIn(folder)).toEqual(renewed);

    // the answer was kept, and nothing was swapped
    await rename(at('device.key'), at('next.key'));
    await copyFile(kept.key, at('device.key'));
    await copyFile(kept.pem, at('device.pem'));
    await writeFile(at('next.pem'), renewedPem);
    expect(await run('device', 'renew', '--dir', folder)).toMatchObject({ code: 0, json: { outcome: 'finished' } });
    expect(await pairIn(folder)).toEqual(renewed);

    // the key was swapped, the certificate was not
    await copyFile(kept.pem, at('device.pem'));
    await writeFile(at('next.pem'), renewedPem);
    expect(await run('device', 'renew', '--dir', folder)).toMatchObject({ code: 0, json: { outcome: 'finished' } });
    expect(await pairIn(folder)).toEqual(renewed);
  });

  it('a key that is not the certificate’s, a device that never enrolled, a revoked one: says so and changes nothing', async () => {
    const folder = await enrolled('renew-3');
    const other = await enrolled('renew-4');
    const before = await pairIn(folder);
    expect((await run('device', 'renew', '--dir', await newFolder())).json.error).toMatchObject({
      code: 'FILE_UNREADABLE',
      exitCode: 2,
    });
    expect(await run('revoke', 'renew-3', '--reason', 'keyCompromise')).toMatchObject({
      code: 0,
      json: { state: 'revoked' },
    });
    const revoked = await run('device', 'renew', '--dir', folder);
    expect(revoked).toMatchObject({ code: 1, json: { error: { code: 'SERVICE_REFUSED', reason: 'SUBJECT_CLOSED' } } });
    expect(await pairIn(folder)).toEqual(before);
    await copyFile(path.join(other, 'device.key'), path.join(folder, 'device.key'));
    expect((await run('device', 'renew', '--dir', folder)).json.error).toMatchObject({
      code: 'KEY_MISMATCH',
      exitCode: 2,
    });
  });
});

describe('touchmark suspend, release, revoke and the life of a device', () => {
  it('change the status of a device, and say at which position of the journal', async () => {
    const folder = await enrolled('life-1');
    const suspended = await run('device', 'suspend', 'life-1', '--cause', 'inspection');
    expect(suspended).toMatchObject({ code: 0, json: { state: 'suspended', seatsChanged: 1, epoch: 1 } });
    expect(await run('device', 'renew', '--dir', folder)).toMatchObject({ code: 1 });
    const released = await run('release', 'demo-sensor/life-1', '--cause', 'inspection');
    expect(released.json).toMatchObject({ state: 'active', sequence: suspended.json.sequence + 1 });
    expect(await run('device', 'renew', '--dir', folder)).toMatchObject({ code: 0 });

    const shown = await run('device', 'show', 'life-1');
    expect(shown.json.device.state).toBe('active');
    expect(shown.json.certificates).toHaveLength(2);
    expect(shown.json.events.map(({ event }: { event: string }) => event)).toEqual(
      expect.arrayContaining(['register', 'suspend', 'release']),
    );
    const { serialNumber } = await pairIn(folder);
    const one = await runCli(['revoke', '--certificate', serialNumber.toUpperCase(), '--reason', 'superseded'], {
      environment,
    });
    expect(one).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Revoked certificate [0-9A-F]+\.\n\nposition +\(1, \d+\)\n/),
    });

    expect((await run('device', 'retire', 'life-1')).json).toMatchObject({ state: 'retired' });
    expect((await run('device', 'recommission', 'life-1')).json).toMatchObject({ state: 'registered' });
  });
});
