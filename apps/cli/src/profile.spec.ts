import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from './config.js';
import { type ConnectionOptions, type Profile, resolveProfile } from './profile.js';

const own = { admin: 'https://127.0.0.1:1', device: 'https://127.0.0.1:2', public: 'http://127.0.0.1:3' };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-profile-'));
  await mkdir(path.join(folder, 'clone'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A service that was started in the clone. */
async function localService(at = path.join(folder, 'clone')): Promise<void> {
  const data = path.join(at, '.touchmark');
  await mkdir(path.join(data, 'secrets'), { recursive: true, mode: 0o755 });
  await writeFile(path.join(data, 'root.pem'), 'local root');
  await writeFile(path.join(data, 'endpoints.json'), JSON.stringify(own));
  await writeFile(path.join(data, 'secrets', 'admin.token'), 'local token\n');
}

function resolve(options: ConnectionOptions = {}, environment: Environment = {}, cwd = folder): Promise<Profile> {
  return resolveProfile(options, { environment, cwd, cloneRoot: path.join(folder, 'clone'), uid: process.geteuid?.() });
}

describe('the profile', () => {
  it('is that of a service started in the clone, wherever one stands', async () => {
    await localService();
    const below = path.join(folder, 'clone', 'a', 'b');
    await mkdir(below, { recursive: true });
    const expected = {
      url: own.admin,
      estUrl: own.device,
      statusUrl: own.public,
      ca: 'local root',
      token: 'local token',
    };
    expect(await resolve({}, {}, path.join(folder, 'clone'))).toEqual(expected);
    expect(await resolve({}, {}, folder)).toEqual(expected);
    expect(await resolve({}, {}, below)).toEqual(expected);
  });

  it('is not that of somebody else’s folder, nor of one into which others may write', async () => {
    await localService();
    const cloneRoot = path.join(folder, 'clone');
    const other = { environment: {}, cwd: folder, cloneRoot, uid: (process.geteuid?.() ?? 0) + 1 };
    await expect(resolveProfile({}, other)).rejects.toMatchObject({ code: 'PROFILE_MISSING' });
    await chmod(path.join(cloneRoot, '.touchmark'), 0o777);
    await expect(resolve()).rejects.toMatchObject({ code: 'PROFILE_MISSING' });
  });

  it('is not told by the folder that one stands in, unless one names it', async () => {
    const repository = path.join(folder, 'repository');
    await localService(repository);
    await expect(resolve({}, { token: 'mine' }, repository)).rejects.toMatchObject({ code: 'PROFILE_MISSING' });
    expect(await resolve({ dataFolder: '.touchmark' }, {}, repository)).toMatchObject({ url: own.admin });
  });

  it('never speaks with REST or EST in clear, whoever says so', async () => {
    await localService();
    for (const options of [{ url: 'http://localhost:1' }, { estUrl: 'http://localhost:2' }]) {
      await expect(resolve(options)).rejects.toMatchObject({ code: 'USAGE' });
      await expect(resolve({}, options)).rejects.toMatchObject({ code: 'USAGE' });
    }
    const endpoints = path.join(folder, 'clone', '.touchmark', 'endpoints.json');
    await writeFile(endpoints, JSON.stringify({ ...own, admin: 'http://127.0.0.1:1' }));
    await expect(resolve()).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('never takes the root or the token of a local service to another', async () => {
    await localService();
    const file = path.join(folder, 'other.pem');
    await writeFile(file, 'other root');
    await expect(resolve({ url: 'https://other.example' })).rejects.toMatchObject({ code: 'PROFILE_MISSING' });
    expect(await resolve({ url: 'https://other.example:9', ca: file })).toEqual({
      url: 'https://other.example:9',
      estUrl: 'https://other.example:8443',
      statusUrl: 'http://other.example:8080',
      ca: 'other root',
      token: undefined,
    });
  });

  it('knows the local service by all its names', async () => {
    await localService();
    expect(await resolve({ url: 'https://localhost:1/' })).toMatchObject({
      url: 'https://localhost:1',
      ca: 'local root',
    });
  });

  it('takes an option before its variable, and a variable before the data folder', async () => {
    await localService();
    const file = path.join(folder, 'token');
    await writeFile(file, ' from a file\n');
    expect(await resolve({}, { token: 'from a variable' })).toMatchObject({ token: 'from a variable' });
    expect(await resolve({ tokenFile: file }, { token: 'from a variable' })).toMatchObject({ token: 'from a file' });
    expect(await resolve({}, { statusUrl: 'http://proxy:1' })).toMatchObject({ statusUrl: 'http://proxy:1' });
  });

  it('an address that is none, and endpoints that are none, are said', async () => {
    await localService();
    await expect(resolve({ url: 'nonsense' })).rejects.toMatchObject({ code: 'USAGE' });
    await writeFile(path.join(folder, 'clone', '.touchmark', 'endpoints.json'), '{}');
    await expect(resolve()).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
  });
});
