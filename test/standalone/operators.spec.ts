import { access } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OwnProcess } from '../fixture/own-process.js';
import { makeDataFolder, removeDataFolder, ServiceProcess } from '../fixture/process.js';

let folder: string;
let service: ServiceProcess;

beforeAll(async () => {
  folder = await makeDataFolder();
  service = await ServiceProcess.start({ dataFolder: folder });
});
afterAll(async () => {
  await service?.kill();
  await removeDataFolder(folder);
});

async function run(
  app: 'ca' | 'standalone',
  ...args: string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const process = new OwnProcess(app, args, app === 'standalone' ? { TOUCHMARK_DATA_FOLDER: folder } : {});
  return { code: await process.exit(), output: process.output };
}

describe('an operator beside a service of one process', () => {
  it('makes the certificate of a second gateway, and revokes it', async () => {
    const out = path.join(folder, 'gate-2');
    const issued = await run(
      'ca',
      'issue',
      'gateway-client',
      '--name',
      'gate-2',
      '--out',
      out,
      '--data-folder',
      folder,
    );
    expect(issued).toMatchObject({ code: 0 });
    const certificate = path.join(out, 'gateway-client.pem');
    await access(certificate);
    const revoked = await run(
      'ca',
      'revoke-certificate',
      certificate,
      '--reason',
      'keyCompromise',
      '--data-folder',
      folder,
    );
    expect(revoked).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Revoked \(certificates: 1\): /),
    });
  });

  it('begins no epoch while it runs', async () => {
    expect(await run('standalone', 'restore', '--yes', '--without-files')).toMatchObject({
      code: 1,
      output: expect.stringContaining('ALREADY_RUNNING'),
    });
    expect(await run('ca', 'restore', '--yes', '--without-files', '--data-folder', folder)).toMatchObject({
      code: 1,
      output: expect.stringContaining('SERVICE_RUNS'),
    });
  });

  it('begins one on a folder that no service runs on', async () => {
    expect(await service.stop()).toBe(0);
    expect(await run('standalone', 'restore', '--yes', '--without-files')).toMatchObject({
      code: 0,
      output: expect.stringContaining('Epoch 2 has begun'),
    });
  });
});
