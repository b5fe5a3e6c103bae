import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from './config.js';
import { type ConnectionOptions, type Profile, resolveProfile } from './profile.js';

const own = { admin: 'https://127.0.0.1:1', device: 'https://127.0.0.1:2', public: 'http://127.0.0.1:3' };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-profile-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A service that was started in the folder. */
async function localService(at = folder): Promise<void> {
  const data = path.join(at, '.touchmark');
  await mkdir(path.join(data, 'secrets'), { recursive: true });
  await writeFile(path.join(data, 'root.pem'), 'local root');
  await writeFile(path.join(data, 'endpoints.json'), JSON.stringify(own));
  await writeFile(path.join(data, 'secrets', 'admin.token'), 'local token\n');
}

function resolve(options: ConnectionOptions = {}, environment: Environment = {}, cwd = folder): Promise<Profile> {
  return resolveProfile(options, { environment, cwd, cloneRoot: folder, uid: process.geteuid?.() });
}

describe('the profile', () => {
  it('is that of a service started here, or above', async () => {
    await localService();
    const below = path.join(folder, 'a', 'b');
    await mkdir(below, { recursive: true });
    const expected = {
      url: own.admin,
      estUrl: own.device,
      statusUrl: own.public,
      ca: 'local root',
      token: 'local token',
    };
    expect(await resolve({}, {}, folder)).toEqual(expected);
    expect(await resolve({}, {}, below)).toEqual(expected);
  });

  it('is not that of somebody else’s folder', async () => {
    await localService();
    const other = { environment: {}, cwd: folder, cloneRoot: folder, uid: (process.geteuid?.() ?? 0) + 1 };
    await expect(resolveProfile({}, other)).rejects.toMatchObject({ code: 'PROFILE_MISSING' });
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
    await writeFile(path.join(folder, '.touchmark', 'endpoints.json'), '{}');
    await expect(resolve()).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
  });
});
