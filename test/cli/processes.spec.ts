import { expect, it } from 'vitest';
import { substituteFolder } from '../../apps/cli/src/profile.js';
import { substituteFolder as ofTheStore } from '../../libs/store/src/embedded-postgres/substitute-folder.js';
import { CliProcess, runCli, spawnCli } from '../fixture/cli.js';
import { makeDataFolder, removeDataFolder } from '../fixture/process.js';
import { freePort } from '../fixture/service.js';

it('check-config says all that is wrong with a process’s configuration: exit code 2, and 0 when nothing is', async () => {
  const [good, bad] = await Promise.all([
    spawnCli(['check-config']),
    spawnCli(['check-config', 'standalone'], {
      environment: { TOUCHMARK_ADMIN_PORT: 'x', TOUCHMARK_REALM: 'Not A Realm' },
    }),
  ]);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('usable') });
  expect(bad.code).toBe(2);
  expect(bad.stderr).toMatch(/TOUCHMARK_ADMIN_PORT[\s\S]*TOUCHMARK_REALM/);
});

it('migrate, init and check-config are commands of the CA’s process, and say what it lacks', async () => {
  const [migrate, init, check] = await Promise.all([
    spawnCli(['migrate']),
    spawnCli(['init']),
    spawnCli(['check-config', 'ca']),
  ]);
  expect(migrate).toMatchObject({ code: 2, stderr: expect.stringContaining('DATABASE_URL') });
  expect(init).toMatchObject({ code: 2, stderr: expect.stringContaining('DATABASE_URL') });
  expect(check).toMatchObject({ code: 2, stderr: expect.stringContaining('TOUCHMARK_') });
});

it('service and restore are commands of the CA’s process; there is no process of another name, and no JSON of theirs', async () => {
  const [issue, restore] = await Promise.all([
    spawnCli(['service', 'issue', 'gateway-client', '--name', 'gate-7', '--out', '/nonexistent/gate-7']),
    spawnCli(['restore', 'ca', '/nonexistent/snapshot']),
  ]);
  expect(issue.code).not.toBe(0);
  expect(issue.stderr).toContain('TOUCHMARK_');
  expect(restore.code).not.toBe(0);
  expect(restore.stderr).toContain('TOUCHMARK_');
  for (const args of [
    ['serve', 'nobody'],
    ['restore', 'nobody'],
    ['serve', 'ca', '--json'],
    ['service', 'revoke', 'x.pem', '--json'],
  ])
    expect(await runCli(args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/nobody|--json|restore ca/),
    });
});

it('a configuration file is handed on, and secrets of the command line are not', async () => {
  const environment = { TOUCHMARK_TOKEN: 'not for the service' };
  const { code, stdout, stderr } = await spawnCli(['check-config', '--config', '/nonexistent.json'], { environment });
  expect(code).toBe(2);
  expect(stderr).toContain('/nonexistent.json');
  expect(stdout + stderr).not.toContain('TOUCHMARK_TOKEN');
});

it('serve runs the service in the foreground, where the command line finds it by its data folder, and stops it at SIGTERM', async () => {
  const dataFolder = await makeDataFolder();
  const environment = {
    TOUCHMARK_DATA_FOLDER: dataFolder,
    TOUCHMARK_DEVICE_PORT: '0',
    TOUCHMARK_ADMIN_PORT: '0',
    TOUCHMARK_GATEWAY_PORT: '0',
    TOUCHMARK_PUBLIC_PORT: String(await freePort()),
  };
  const service = new CliProcess(['serve'], { environment });
  try {
    const { promise, resolve } = Promise.withResolvers<void>();
    service.child.stdout?.on('data', () => service.stdout.includes('Ctrl-C stops.') && resolve());
    await Promise.race([promise, service.ended]);
    const listed = await runCli(['factory', 'list', '--json'], { environment: { TOUCHMARK_DATA_FOLDER: dataFolder } });
    expect(listed).toMatchObject({ code: 0, json: { items: [{ name: 'demo-factory' }] } });
    service.child.kill('SIGTERM');
    expect(await service.result()).toMatchObject({ code: 0, stdout: expect.stringContaining('Stopped.') });
    const gone = await runCli(['factory', 'list', '--json'], { environment: { TOUCHMARK_DATA_FOLDER: dataFolder } });
    expect(gone).toMatchObject({
      code: 3,
      json: { error: { code: 'UNREACHABLE', hint: expect.stringContaining('npm start') } },
    });
  } finally {
    service.child.kill('SIGKILL');
    await removeDataFolder(dataFolder);
  }
});

it('help is plain text without a terminal, for groups and commands', async () => {
  const [all, group, none] = await Promise.all([spawnCli(['--help']), runCli(['device', '--help']), runCli([])]);
  expect(all).toMatchObject({ code: 0, stderr: '' });
  expect(all.stdout).toContain('Exit codes: 0 done');
  expect(group.stdout).toMatch(/^ {2}enroll \[options\] +Make a key here/m);
  expect(none).toMatchObject({ code: 2, stdout: '' });
});

it('the command line looks for root’s data where the service puts it', async () => {
  expect(await substituteFolder(import.meta.dirname)).toBe(await ofTheStore(import.meta.dirname));
});
