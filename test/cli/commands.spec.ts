import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type CliResult, runCli } from '../fixture/cli.js';
import { freePort, startTestService, type TestService } from '../fixture/service.js';

let service: TestService;
let dataFolder: string;

beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
  dataFolder = path.dirname(service.files.rootCertificate);
});
afterAll(() => service?.close());

/** With nothing but the data folder of the service, as after `npm start`. */
const run = (...args: string[]): Promise<CliResult> =>
  runCli(args, { cwd: service.folder, environment: { TOUCHMARK_DATA_FOLDER: dataFolder } });

/** With nothing but what is said. */
const runAlone = (args: string[], environment: Record<string, string> = {}): Promise<CliResult> =>
  runCli(args, { cwd: service.folder, environment });

describe('the command line, in the life of a registry', () => {
  it('makes a model, a policy and a factory, and shows and lists them as the API has them', async () => {
    const policy = await run(
      'policy',
      'create',
      'field',
      '--label',
      'field',
      '--bootstrap',
      'idevid',
      '--lifetime',
      '12h',
      '--json',
    );
    expect(policy).toMatchObject({
      code: 0,
      stderr: '',
      json: { name: 'field', label: 'field', bootstrap: ['idevid'], lifetime: 43_200 },
    });
    const model = await run(
      'model',
      'create',
      'valve',
      '--organization',
      'Example Works',
      '--policy',
      'field',
      '--json',
    );
    expect(model).toMatchObject({ code: 0, json: { name: 'valve', organization: 'Example Works' } });
    expect((await run('policy', 'show', 'field', '--json')).json.models).toEqual(['valve']);
    expect((await run('policy', 'disallow', 'field', 'valve', '--json')).json.models).toEqual([]);
    expect((await run('policy', 'allow', 'field', 'valve', '--json')).json.models).toEqual(['valve']);
    expect((await run('factory', 'create', 'leipzig', '--json')).json).toMatchObject({ name: 'leipzig' });

    const all = (await service.admin.get('/v1/models')).body;
    expect((await run('model', 'list', '--json')).json).toEqual(all);
    const one = await run('factory', 'list', '--limit', '1', '--json');
    expect(one.json).toEqual({ items: [expect.objectContaining({ name: 'demo-factory' })], next: 'demo-factory' });
  });

  it('prints tables for people, and no escape sequences where nobody looks', async () => {
    const { code, stdout, stderr } = await run('model', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +ORGANIZATION +REALM +HWTYPE\n/);
    expect(stdout).toMatch(/^demo-sensor +Touchmark evaluation +devices\.local +2\.25\.\d+$/m);
    // oxlint-disable-next-line no-control-regex
    expect(stdout + stderr).not.toMatch(/\u001B/);
  });

  it('writes an access token into a file that only its owner may read, shows it nowhere, and uses it', async () => {
    const file = path.join(service.folder, 'auditor.token');
    const made = await run(
      'token',
      'create',
      '--sub',
      'eve',
      '--role',
      'auditor',
      '--valid-for',
      '1h',
      '--out',
      file,
      '--json',
    );
    expect(made).toMatchObject({ code: 0, json: { sub: 'eve', roles: ['auditor'], file } });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const token = (await readFile(file, 'utf8')).trim();
    expect(made.stdout + made.stderr).not.toContain(token);

    const args = ['--url', service.urls.admin, '--ca', service.files.rootCertificate, '--token-file', file, '--json'];
    const listed = await runAlone(['token', 'list', ...args]);
    // ids of one second come in no order
    expect(listed.json.items).toContainEqual(expect.objectContaining({ id: made.json.id, sub: 'eve', revoked: false }));
    const refused = await runAlone(['factory', 'create', 'hers', ...args]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      json: { error: { code: 'SERVICE_REFUSED', reason: 'ROLE_MISSING', exitCode: 1, service: { status: 403 } } },
    });

    const again = await run('token', 'create', '--sub', 'eve', '--role', 'auditor', '--out', file, '--json');
    expect(again.json.error).toMatchObject({ code: 'FILE_EXISTS', exitCode: 2 });
    expect((await run('token', 'revoke', made.json.id, '--json')).json).toEqual({ id: made.json.id, revoked: true });
    const revoked = await runAlone(['model', 'list', ...args]);
    expect(revoked).toMatchObject({ code: 3, json: { error: { code: 'NOT_AUTHENTICATED' } } });
    expect(revoked.stderr).not.toContain(token);
  });

  it('shows a secret once, without --out', async () => {
    const made = await run('token', 'enrollment', 'create', '--model', 'demo-sensor', '--serial', 'shown-1');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^deviceSerial +shown-1$/m);
    const secret = made.stdout.trimEnd().split('\n').at(-1);
    expect(secret).toMatch(/^[\w-]{43}$/);
    const listed = await run('token', 'enrollment', 'list', '--device', 'shown-1', '--json');
    expect(listed.json.items).toMatchObject([{ deviceSerial: 'shown-1', used: false, revoked: false }]);
    expect(listed.stdout).not.toContain(secret);
    const revoked = await run('token', 'enrollment', 'revoke', listed.json.items[0].id, '--json');
    expect(revoked.json).toEqual({ id: listed.json.items[0].id, revoked: true });
    const again = await run('token', 'enrollment', 'list', '--device', 'shown-1', '--json');
    expect(again.json.items).toMatchObject([{ deviceSerial: 'shown-1', revoked: true }]);
  });

  it('finds a device by serial, by model and serial and by reference, in any spelling of the serial', async () => {
    const { body } = await service.admin.post('/v1/enrollment-tokens', {
      policy: 'default',
      model: 'demo-sensor',
      deviceSerial: 'Find-1',
      validUntil: Math.floor(Date.now() / 1000) + 600,
    });
    for (const text of ['find-1', 'demo-sensor/Find-1', body.deviceRef]) {
      const shown = await run('device', 'show', text, '--json');
      expect(shown).toMatchObject({
        code: 0,
        json: { device: { deviceRef: body.deviceRef }, certificates: [], events: [{ event: 'register' }] },
      });
    }
    const listed = await run('device', 'list', '--serial-prefix', 'find', '--state', 'registered', '--json');
    expect(listed.json.items).toMatchObject([{ deviceSerial: 'Find-1' }]);
    const missing = await run('device', 'show', 'nobody', '--json');
    expect(missing).toMatchObject({ code: 1, json: { error: { code: 'NOT_FOUND' } } });
  });

  it('lists devices by serial, though the service has them in another order', async () => {
    const serials = Array.from({ length: 8 }, (_, i) => `sorted-${i}`);
    for (const serial of serials)
      await run('token', 'enrollment', 'create', '--model', 'demo-sensor', '--serial', serial);
    const listed = await run('device', 'list', '--serial-prefix', 'sorted-', '--json');
    expect(listed.json.items.map(({ deviceSerial }: { deviceSerial: string }) => deviceSerial)).toEqual(serials);
  });

  it('shows the authorities with fingerprints and where they publish', async () => {
    const { code, json } = await run('ca', 'show', '--json');
    expect(code).toBe(0);
    const kinds = json.items.map(({ kind }: { kind: string }) => kind);
    expect(kinds.toSorted()).toEqual(['idevid', 'infrastructure', 'ldevid', 'root']);
    const { body } = await service.admin.get('/v1/authorities');
    for (const { id, fingerprintSha256 } of body.items) {
      expect(json.items.find((item: { id: string }) => item.id === id)).toMatchObject({ fingerprintSha256 });
    }
    expect(json.publication.ocsp).toMatch(/^http:\/\/localhost:\d+\/ocsp$/);
    expect((await run('ca', 'show')).stdout).toContain(json.publication.crls);
  });
});

describe('what the command line says when it cannot', () => {
  it('knows no service: says how to name one', async () => {
    const { code, json } = await runCli(['device', 'list', '--json'], {
      cwd: '/',
      environment: { TOUCHMARK_DATA_FOLDER: service.folder },
    });
    expect({ code, json }).toMatchObject({
      code: 2,
      json: { error: { code: 'PROFILE_MISSING', hint: expect.stringContaining('npm start') } },
    });
  });

  it('another address: neither the root nor the token of the local service is used for it', async () => {
    const other = await run('device', 'list', '--url', 'https://elsewhere.invalid:8445', '--json');
    expect(other).toMatchObject({ code: 2, json: { error: { code: 'PROFILE_MISSING' } } });
    const noToken = await run(
      'device',
      'list',
      '--url',
      'https://elsewhere.invalid:8445',
      '--ca',
      service.files.rootCertificate,
      '--json',
    );
    expect(noToken).toMatchObject({ code: 3, json: { error: { code: 'TOKEN_MISSING' } } });
  });

  it('nobody listens there, or somebody else does: exit code 3', async () => {
    const environment = { TOUCHMARK_CA: service.files.rootCertificate, TOUCHMARK_TOKEN: 'x' };
    const away = await runAlone(
      ['device', 'list', '--url', `https://127.0.0.1:${await freePort()}`, '--json'],
      environment,
    );
    expect(away).toMatchObject({ code: 3, json: { error: { code: 'UNREACHABLE', reason: 'UNREACHABLE' } } });
    const foreign = path.join(service.folder, 'foreign.pem');
    await writeFile(foreign, encodePem('CERTIFICATE', TestCa.root().der));
    const untrusted = await runAlone(
      ['device', 'list', '--url', service.urls.admin, '--ca', foreign, '--json'],
      environment,
    );
    expect(untrusted).toMatchObject({ code: 3, json: { error: { code: 'TLS_UNTRUSTED' } } });
    const unknown = await runAlone(['device', 'list', '--url', service.urls.admin, '--json'], environment);
    expect(unknown).toMatchObject({
      code: 3,
      json: { error: { code: 'NOT_AUTHENTICATED', service: { status: 401 } } },
    });
  });

  it('the service refuses: its own code and what to do, exit code 1', async () => {
    const { code, stderr } = await run('model', 'create', 'x', '--organization', 'X', '--policy', 'no-such-policy');
    expect(code).toBe(1);
    expect(stderr).toContain('POLICY_UNKNOWN');
    expect(stderr).toContain('touchmark policy list');
    const invalid = await run('model', 'create', 'Not A Model', '--organization', 'X', '--json');
    expect(invalid.json.error.service).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'name' }] });
    const nameless = await run('token', 'revoke', 'nope');
    expect(nameless.stderr).toMatch(/VALIDATION_FAILED.*\n {2}\w/);
  });

  it.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['device', 'list', '--colour', 'red']],
    ['an argument too few', ['device', 'show']],
    ['a number that is none', ['device', 'list', '--limit', '0']],
    ['a choice that there is not', ['device', 'list', '--state', 'lost']],
    ['neither device nor certificate', ['revoke']],
    ['both', ['revoke', 'demo-1', '--certificate', '54']],
    ['a file that is not there', ['device', 'list', '--token-file', '/nonexistent/token']],
  ])('%s: exit code 2, as JSON too', async (_what, args) => {
    const { code, stdout, json } = await run(...args, '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(json.error.exitCode).toBe(2);
  });
});
