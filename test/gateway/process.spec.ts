import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { OwnProcess } from '../fixture/own-process.js';
import { DeviceClient } from './client.js';
import { GatewayWorld, type TestDevice, testPolicy } from './world.js';

let world: GatewayWorld;
let device: TestDevice;
let folder: string;
let running: OwnProcess | undefined;
beforeAll(async () => {
  world = await GatewayWorld.open(inject('databaseUrl'));
  device = await world.makeDevice('PROC-1');
  folder = await world.makeGateway('gw-process');
});
afterEach(() => running?.kill());
afterAll(() => world.close());

function spawn(overrides: Readonly<Record<string, string>> = {}, args: readonly string[] = []): OwnProcess {
  running = new OwnProcess('gateway', args, {
    TOUCHMARK_PORT: '0',
    TOUCHMARK_OPERATIONS_PORT: '0',
    TOUCHMARK_UPSTREAM: world.upstream.url,
    TOUCHMARK_POLICY_FILE: path.join(folder, 'policy.yaml'),
    TOUCHMARK_CREDENTIALS_FOLDER: path.join(folder, 'secrets'),
    TOUCHMARK_SERVICE_URL: world.service.urls.device,
    TOUCHMARK_FEED_URL: world.service.urls.gateway,
    TOUCHMARK_CACHE_DIR: path.join(folder, 'status'),
    ...overrides,
  });
  return running;
}

async function start(): Promise<{ gateway: OwnProcess; client: DeviceClient; operations: string }> {
  const gateway = spawn();
  await gateway.until((output) => output.includes('The gateway listens on'));
  const client = new DeviceClient(gateway.printed(/listens on (\S+),/), world.service.admin.ca, device);
  return { gateway, client, operations: gateway.printed(/for operators on (\S+)/) };
}

describe('the gateway as a process', () => {
  it('serves, reads its policy anew at SIGHUP, ends what is open at SIGTERM, and starts again', async () => {
    const { gateway, client, operations } = await start();
    await expect.poll(async () => (await fetch(`${operations}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    expect(await client.statusOf('/devices/PROC-1/telemetry')).toBe(200);

    // the file has not changed, so nothing but the signal makes it read
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.until((output) => output.includes('the policy was read anew'));
    await writeFile(path.join(folder, 'policy.yaml'), 'routes: nonsense');
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.until((output) => output.includes('the policy before it stays in force'));
    expect(await client.statusOf('/devices/PROC-1/telemetry')).toBe(200);
    await writeFile(path.join(folder, 'policy.yaml'), testPolicy);

    const websocket = await client.websocket('/socket');
    const closed = once(websocket, 'close');
    expect(await gateway.stop()).toBe(0);
    await closed;
    expect(gateway.output).toContain('Stopped.');
    expect(await client.statusOf('/devices/PROC-1/telemetry')).toBe('closed');
    expect((await readFile(path.join(folder, 'status', 'head'))).length).toBeGreaterThan(0);

    const again = await start();
    expect(await again.client.statusOf('/devices/PROC-1/telemetry')).toBe(200);
    expect(await again.gateway.stop()).toBe(0);
  });

  it('does not start with a policy that it cannot use, and says where it is wrong', async () => {
    const file = path.join(folder, 'wrong.yaml');
    await writeFile(
      file,
      'realm: devices.local\nroutes: [{ name: a, path: /a, methods: [GET], allow: [{ role: b }] }]',
    );
    const gateway = spawn({ TOUCHMARK_POLICY_FILE: file });
    expect(await gateway.exit()).not.toBe(0);
    expect(gateway.output).toMatch(/The gateway did not start: the policy file .*wrong\.yaml cannot be used/);
    expect(gateway.output).toContain('routes.0.allow.0.role: there is no such role');
  });

  it('tries a policy without a configuration, and its exit code is the answer', async () => {
    const file = path.join(folder, 'tried.yaml');
    await writeFile(file, testPolicy);
    const as = 'spiffe://devices.local/device/demo-sensor/A-1';
    const ask = (...more: string[]): OwnProcess => new OwnProcess('gateway', ['--check-policy', file, ...more], {});
    const asked = [
      ask('--as', as, '--path', '/devices/A-1/telemetry'),
      ask('--as', as, '--path', '/devices/A-2/telemetry'),
      new OwnProcess('gateway', ['--check-policy', path.join(folder, 'none.yaml')], {}),
    ] as const;
    const codes = await Promise.all(asked.map((one) => one.exit()));
    const [allowed, denied, missing] = asked;
    expect(codes.slice(0, 2)).toEqual([0, 1]);
    expect(codes[2]).not.toBe(0);
    expect(allowed.output).toBe('allowed by the route telemetry\n');
    expect(denied.output).toBe('denied: DEVICE_NOT_ALLOWED (route telemetry)\n');
    expect(missing.output).toContain('The policy was not tried: the policy file');
  });
});
