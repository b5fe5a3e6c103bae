// Starts the built service once as a user does, on an empty data folder and free ports, asks whether it is ready, and stops it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const main = path.resolve(import.meta.dirname, '../dist/apps/standalone/src/main.js');

// the contract of the CA port lies beside the code that reads it
const { loadServiceDefinition } = await import('../dist/libs/ca-grpc/src/service-definition.js');
loadServiceDefinition();

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

const folder = await mkdtemp(path.join(process.geteuid() === 0 ? '/tmp' : tmpdir(), 'touchmark-smoke-'));
await chmod(folder, 0o711);
const publicPort = await freePort();
const service = spawn(process.execPath, [main], {
  env: {
    ...process.env,
    TOUCHMARK_DATA_FOLDER: path.join(folder, 'data'),
    TOUCHMARK_DEVICE_PORT: '0',
    TOUCHMARK_ADMIN_PORT: '0',
    TOUCHMARK_GATEWAY_PORT: '0',
    TOUCHMARK_PUBLIC_PORT: String(publicPort),
    TOUCHMARK_LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = once(service, 'exit');
try {
  for await (const line of createInterface({ input: service.stdout })) if (line === 'Touchmark runs.') break;
  if (service.exitCode !== null) throw new Error('the service ended before it was ready');
  const ready = await fetch(`http://127.0.0.1:${publicPort}/readyz`);
  if (!ready.ok) throw new Error(`GET /readyz: ${ready.status}`);
  service.stdout.resume();
  // the command line, as `npx touchmark` starts it, finds the service by its data folder
  const touchmark = path.resolve(import.meta.dirname, 'touchmark.mjs');
  const { status, stdout } = spawnSync(process.execPath, [touchmark, 'model', 'list', '--json'], {
    env: { ...process.env, TOUCHMARK_DATA_FOLDER: path.join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`touchmark model list: exit code ${status}`);
  if (JSON.parse(stdout).items[0]?.name !== 'demo-sensor') throw new Error(`touchmark model list: ${stdout}`);
  service.kill('SIGTERM');
  const [code] = await exited;
  if (code !== 0) throw new Error(`the service stopped with ${code}`);
  process.stdout.write('the built service starts, is ready, answers the command line, and stops\n');
} finally {
  service.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
