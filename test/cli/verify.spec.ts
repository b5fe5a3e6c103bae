import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { caSettings } from '../../apps/ca/src/ca-settings.js';
import { type CliResult, runCli } from '../fixture/cli.js';
import { startTestService, type TestService } from '../fixture/service.js';

let service: TestService;
let environment: Record<string, string>;
let folder: string;
let device: string;
let cache: string;

const run = (...args: string[]): Promise<CliResult> => runCli([...args, '--json'], { environment, cwd: folder });
const later = (seconds: number): string => String(Math.floor(Date.now() / 1000) + seconds);

/** Runs it again and again until it says this code; what it says otherwise must be a judgement, too. */
async function untilJudged(code: string | null, ...args: string[]): Promise<CliResult> {
  for (;;) {
    const result = await run('verify', device, ...args);
    if (result.json.accepted === undefined || result.json.code === code) return result;
  }
}

beforeAll(async () => {
  // a snapshot at once after every change
  service = await startTestService(inject('databaseUrl'), { ca: caSettings.parse({ statusSnapshotAfter: 0 }) });
  environment = { TOUCHMARK_DATA_FOLDER: path.dirname(service.files.rootCertificate) };
  folder = await mkdtemp(path.join(service.folder, 'verify-'));
  cache = path.join(folder, 'cache');
  const { json } = await run('token', 'enrollment', 'create', '--model', 'demo-sensor', '--serial', 'verify-1');
  await run('device', 'enroll', '--token', json.secret, '--dir', folder);
  device = path.join(folder, 'device.pem');
});
afterAll(() => service?.close());

describe('touchmark verify', () => {
  it('accepts a certificate that is good, by the signed snapshot, and keeps it for later', async () => {
    const { code, stderr, json } = await untilJudged(null, '--cache', cache);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(json).toMatchObject({
      accepted: true,
      code: null,
      certificate: { identity: 'spiffe://devices.local/device/demo-sensor/verify-1' },
      status: { epoch: 1, asOf: expect.any(Number), age: expect.any(Number) },
    });
    expect(json.path).toHaveLength(3);
    const offline = await runCli(['verify', device, '--offline', cache, '--ca', service.files.rootCertificate], {
      cwd: '/',
    });
    expect(offline).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Accepted at \S+ \S+Z, by status of \S+ \S+Z \(.+ ago\)\.\n/),
    });
  });

  it('refuses what has ended, what is for something else, and what another CA has signed: exit code 4', async () => {
    const offline = ['--offline', cache];
    expect(await run('verify', device, ...offline, '--at', later(40 * 86_400))).toMatchObject({
      code: 4,
      json: { accepted: false, code: 'CERT_EXPIRED' },
    });
    expect(await run('verify', device, ...offline, '--at', '2020-01-01T00:00:00Z')).toMatchObject({
      code: 4,
      json: { code: 'CERT_NOT_YET_VALID' },
    });
    expect(await run('verify', device, ...offline, '--purpose', 'server')).toMatchObject({
      code: 4,
      json: { code: 'EXT_KEY_USAGE_MISSING' },
    });
    const foreign = path.join(folder, 'foreign.pem');
    await writeFile(foreign, encodePem('CERTIFICATE', TestCa.root().issue().der));
    expect(await run('verify', foreign, ...offline)).toMatchObject({ code: 4, json: { code: 'UNKNOWN_ISSUER' } });
    const people = await runCli(['verify', device, ...offline, '--at', '2020-01-01'], { environment });
    expect(people).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(
        /^Not accepted at .*, by status of .*: CERT_NOT_YET_VALID, it is not valid yet\.\n/,
      ),
    });
  });

  it('refuses an IDevID, as a gateway does: it is for enrolling and nothing else', async () => {
    const keys = path.join(folder, 'station');
    const args = ['--generate', '1', '--prefix', 'station-', '--keys-dir', keys, '--model', 'demo-sensor'];
    await run('batch', 'provision', ...args);
    const results = await readFile(path.join(keys, 'requests.ndjson.results.ndjson'), 'utf8');
    const [{ certificate }] = results
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const idevid = path.join(folder, 'idevid.cer');
    await writeFile(idevid, Buffer.from(certificate, 'base64'));
    expect(await run('verify', idevid)).toMatchObject({ code: 4, json: { code: 'EXT_KEY_USAGE_MISSING' } });
  });

  it('refuses on status that is too old, and accepts no status that is not proven: exit codes 4 and 3', async () => {
    const stale = await untilJudged('STATUS_STALE', '--offline', cache, '--max-age', '1s');
    expect(stale).toMatchObject({ code: 4, json: { accepted: false, code: 'STATUS_STALE' } });
    const forged = path.join(folder, 'forged');
    await cp(cache, forged, { recursive: true });
    const snapshot = await readFile(path.join(forged, 'snapshot'));
    snapshot[snapshot.length - 1] = (snapshot.at(-1) ?? 0) ^ 1;
    await writeFile(path.join(forged, 'snapshot'), snapshot);
    expect(await run('verify', device, '--offline', forged)).toMatchObject({
      code: 3,
      json: { error: { code: 'STATUS_NOT_TRUSTED' } },
    });
    await writeFile(path.join(forged, 'snapshot'), 'no snapshot');
    expect(await run('verify', device, '--offline', forged)).toMatchObject({
      code: 3,
      json: { error: { code: 'STATUS_NOT_TRUSTED' } },
    });
    const root = service.files.rootCertificate;
    expect(await run('verify', device, '--offline', cache, '--status-ca', root)).toMatchObject({
      code: 3,
      json: { error: { code: 'STATUS_NOT_TRUSTED' } },
    });
    const foreign = path.join(folder, 'foreign-root.pem');
    await writeFile(foreign, encodePem('CERTIFICATE', TestCa.root().der));
    expect(await run('verify', device, '--offline', cache, '--ca', foreign)).toMatchObject({
      code: 3,
      json: { error: { code: 'STATUS_NOT_TRUSTED' } },
    });
  });

  it('follows what an admin does: suspended, released, revoked', async () => {
    await run('suspend', 'verify-1');
    expect((await untilJudged('CERT_SUSPENDED')).code).toBe(4);
    await run('release', 'verify-1');
    expect((await untilJudged(null)).code).toBe(0);
    await run('revoke', 'verify-1', '--reason', 'keyCompromise');
    expect((await untilJudged('CERT_REVOKED')).code).toBe(4);
    // what was kept before knows nothing of it
    expect((await run('verify', device, '--offline', cache)).code).toBe(0);
  });

  it('a file that is no certificate, or not there: exit code 2', async () => {
    const key = path.join(folder, 'device.key');
    expect(await run('verify', key, '--offline', cache)).toMatchObject({
      code: 2,
      json: { error: { code: 'FILE_MALFORMED' } },
    });
    expect(await run('verify', '/nonexistent', '--offline', cache)).toMatchObject({
      code: 2,
      json: { error: { code: 'FILE_UNREADABLE' } },
    });
  });
});
