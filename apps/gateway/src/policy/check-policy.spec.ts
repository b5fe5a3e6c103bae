import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerCheckPolicy } from './check-policy.js';
import { PolicyFileError } from './parse-policy.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-policy-'));
  file = path.join(folder, 'policy.yaml');
  const route = '{ name: t, path: "/d/{deviceSerial}", methods: [GET], allow: [{ model: m }] }';
  await writeFile(file, `realm: a.local\nroutes: [${route}]`);
});
afterAll(() => rm(folder, { recursive: true }));

const ask = (...args: string[]) => answerCheckPolicy(['node', 'main.js', '--check-policy', file, ...args]);
const as = 'spiffe://a.local/device/m/S-1';

describe('--check-policy', () => {
  it('is not asked for: nothing', async () => {
    expect(await answerCheckPolicy(['node', 'main.js'])).toBeUndefined();
  });

  it('says that a file is usable', async () => {
    expect(await ask()).toEqual({ text: 'The policy is usable: 1 routes.', allowed: true });
  });

  it.each([
    [['--as', as, '--path', '/d/S-1'], 'allowed by the route t', true],
    [['--as', as, '--path', '/d/S-2'], 'denied: DEVICE_NOT_ALLOWED (route t)', false],
    [['--as', as, '--path', '/d/S-1', '--method', 'POST'], 'denied: ROUTE_NOT_ALLOWED', false],
    [['--as', as, '--path', '/d/S-1', '--websocket'], 'denied: UPGRADE_NOT_ALLOWED (route t)', false],
    [['--as', as, '--path', '/d/../S-1'], 'denied: PATH_AMBIGUOUS', false],
  ])('%j: %s', async (args, text, allowed) => {
    expect(await ask(...args)).toEqual({ text, allowed });
  });

  it('refuses a file that cannot be used, and options that cannot be read', async () => {
    await expect(answerCheckPolicy(['--check-policy', path.join(folder, 'none')])).rejects.toThrow(PolicyFileError);
    await expect(ask('--as', 'spiffe://a.local/gateway/x', '--path', '/')).rejects.toThrow(TypeError);
    await expect(ask('--nonsense')).rejects.toThrow(TypeError);
  });
});
