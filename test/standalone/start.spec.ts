import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CredentialFolder } from '@touchmark/credentials';
import { readIdentity } from '@touchmark/verifier';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeDataFolder, postmasterOf, removeDataFolder, ServiceProcess } from '../fixture/process.js';
import { freePort } from '../fixture/service.js';

/** `true`: some process of this id exists. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const models = (service: ServiceProcess) => service.admin().get('/v1/models');

describe('the service, started as a process', () => {
  let dataFolder: string;
  let publicPort: number;
  const running: ServiceProcess[] = [];

  beforeAll(async () => {
    dataFolder = await makeDataFolder();
    publicPort = await freePort();
  });
  afterEach(() => Promise.all(running.splice(0).map((service) => service.kill())));
  afterAll(() => removeDataFolder(dataFolder));

  async function start(): Promise<ServiceProcess> {
    const service = await ServiceProcess.start({ dataFolder, publicPort });
    running.push(service);
    return service;
  }

  // one after the other: each finds the folder as the one before left it
  it('on an empty folder prints where everything is, keeps its token secret, and stops cleanly at SIGTERM', async () => {
    const service = await start();
    const { urls, files } = service;
    for (const url of Object.values(urls)) expect(url).toMatch(/^https?:\/\/127\.0\.0\.1:\d+$/);
    expect(urls.public).toBe(`http://127.0.0.1:${publicPort}`);
    expect((await stat(files.adminToken)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(files.adminToken))).mode & 0o777).toBe(0o700);
    expect((await models(service)).status).toBe(200);
    expect((await service.admin().as(undefined).get('/v1/models')).status).toBe(401);

    const postmaster = (await postmasterOf(dataFolder)) ?? NaN;
    expect(isAlive(postmaster)).toBe(true);
    expect(await service.stop()).toBe(0);
    expect(isAlive(postmaster)).toBe(false);
    expect(service.output).toContain('Stopped.');
    // a clean stop leaves nothing to warn of
    expect(service.output).not.toMatch(/ (WARN|ERROR|FATAL) /);
  });

  it('made certificates with which a gateway can start at once, and keeps them', async () => {
    const service = await start();
    const folder = path.join(dataFolder, 'secrets', 'gateway');
    const gateway = await CredentialFolder.open(folder, randomBytes);
    const [infrastructure] = await gateway.readAnchors('infrastructure');
    const before = await gateway.read('gateway-client');
    const server = await gateway.read('tls-server');
    expect(readIdentity(before.certificate)).toMatchObject({ kind: 'gateway', name: 'gateway-1' });
    for (const { chain } of [before, server]) expect(chain[1]).toEqual(infrastructure);
    expect(await service.stop()).toBe(0);
    const again = await start();
    expect((await gateway.read('gateway-client')).chain).toEqual(before.chain);
    expect(await again.stop()).toBe(0);
  });

  it('a second time has everything still there, and lets no other run on its folder', async () => {
    const first = await start();
    const root = await readFile(first.files.rootCertificate, 'utf8');
    const token = await readFile(first.files.adminToken, 'utf8');
    expect((await first.admin().post('/v1/factories', { name: 'kept' })).status).toBe(201);
    expect(await first.stop()).toBe(0);

    const started = performance.now();
    const second = await start();
    console.log(`second start: ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(await readFile(second.files.rootCertificate, 'utf8')).toBe(root);
    expect(await readFile(second.files.adminToken, 'utf8')).toBe(token);
    const { body } = await second.admin().get('/v1/factories');
    expect(body.items.map(({ name }: { name: string }) => name)).toContain('kept');

    const rival = await ServiceProcess.spawn({ dataFolder });
    expect(await rival.exit()).toBe(1);
    expect(rival.output).toContain(`Touchmark already runs on ${dataFolder} (process ${second.pid})`);
    expect((await models(second)).status).toBe(200);
    expect(await second.stop()).toBe(0);
  });

  it('whose port is taken says which one and which setting changes it, exits with 1 and stops its PostgreSQL', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const service = await ServiceProcess.spawn({ dataFolder, environment: { TOUCHMARK_ADMIN_PORT: String(port) } });
      expect(await service.exit()).toBe(1);
      expect(service.output).toContain(`port ${port} is taken`);
      expect(service.output).toContain('TOUCHMARK_ADMIN_PORT');
      expect(await postmasterOf(dataFolder)).toBeUndefined();
    } finally {
      taken.close();
    }
  });

  it('killed leaves its PostgreSQL running; the next one takes it over with what was acknowledged', async () => {
    const first = await start();
    expect((await first.admin().post('/v1/factories', { name: 'acknowledged' })).status).toBe(201);
    const postmaster = await postmasterOf(dataFolder);
    await first.kill();
    expect(await postmasterOf(dataFolder)).toBe(postmaster);

    const second = await start();
    expect(second.output).toContain('taken over');
    expect(await postmasterOf(dataFolder)).toBe(postmaster);
    const { body } = await second.admin().get('/v1/factories');
    expect(body.items.map(({ name }: { name: string }) => name)).toContain('acknowledged');
    expect(await second.stop()).toBe(0);
    expect(await postmasterOf(dataFolder)).toBeUndefined();
  });

  it('killed while it starts for the first time is started again without harm', async () => {
    const folder = await makeDataFolder();
    const port = await freePort();
    try {
      for (const moment of ['Making a PostgreSQL database', 'OCSP signer renewed']) {
        const cut = await ServiceProcess.spawn({ dataFolder: folder, publicPort: port });
        // a later attempt has no database to make any more
        await cut.until((output) => output.includes(moment));
        await cut.kill();
      }
      const service = await ServiceProcess.start({ dataFolder: folder, publicPort: port });
      running.push(service);
      const { body } = await service.admin().get('/v1/models');
      expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['demo-sensor']);
      expect(await service.stop()).toBe(0);
    } finally {
      await removeDataFolder(folder);
    }
  });
});

describe('the command line', () => {
  it.each([
    { option: '--check-config', answer: /^The configuration is usable\.\n$/ },
    { option: '--print-config-schema', answer: /^\{\n {2}"schema": \{[\s\S]*"TOUCHMARK_DEVICE_PORT"[\s\S]*\}\n$/ },
  ])('$option answers without starting anything', async ({ option, answer }) => {
    const dataFolder = await makeDataFolder();
    try {
      const folder = path.join(dataFolder, 'untouched');
      const process = await ServiceProcess.spawn({ dataFolder: folder, args: [option] });
      expect(await process.exit()).toBe(0);
      expect(process.output).toMatch(answer);
      await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await removeDataFolder(dataFolder);
    }
  });

  it('a setting that is wrong: every fault by its variable, nothing started, exit code 2', async () => {
    const dataFolder = await makeDataFolder();
    try {
      const folder = path.join(dataFolder, 'untouched');
      const environment = { TOUCHMARK_DEVICE_PORT: 'eighty', TOUCHMARK_REALM: 'UPPER' };
      const process = await ServiceProcess.spawn({ dataFolder: folder, environment });
      expect(await process.exit()).toBe(2);
      for (const variable of Object.keys(environment)) expect(process.output).toContain(variable);
      await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await removeDataFolder(dataFolder);
    }
  });
});
