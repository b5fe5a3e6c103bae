import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AdminClient } from './admin-client.js';

/** The service as `npm start` runs it, in a process of its own on an embedded PostgreSQL that gives up no safety. */
export interface ServiceProcess {
  readonly admin: AdminClient;
  readonly devicePort: number;
  readonly adminPort: number;
  readonly gatewayPort: number;
  /** What the service keeps, secrets included. */
  readonly dataFolder: string;
  /** Root certificate, PEM. */
  readonly root: string;
  readonly token: string;
  stop(): Promise<void>;
}

const MAIN = new URL('../../apps/standalone/src/main.js', import.meta.url).pathname;

/** `nodeOptions`: for profiles. `environment`: settings over those that every bench wants. */
export async function startServiceProcess(
  nodeOptions: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  // root's own TMPDIR may be closed to the user whom PostgreSQL runs as
  const folder = await mkdtemp(path.join(process.geteuid?.() === 0 ? '/tmp' : tmpdir(), 'touchmark-bench-'));
  await chmod(folder, 0o711);
  const ports = {
    device: await freePort(),
    admin: await freePort(),
    public: await freePort(),
    gateway: await freePort(),
  };
  const dataFolder = path.join(folder, 'data');
  const child = spawn(process.execPath, [...nodeOptions, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      TOUCHMARK_DATA_FOLDER: dataFolder,
      TOUCHMARK_DEVICE_PORT: String(ports.device),
      TOUCHMARK_ADMIN_PORT: String(ports.admin),
      TOUCHMARK_PUBLIC_PORT: String(ports.public),
      TOUCHMARK_GATEWAY_PORT: String(ports.gateway),
      TOUCHMARK_LOG_LEVEL: 'warn',
      ...environment,
    },
  });
  const said = await started(child);
  const root = await readFile(pathAfter('Root certificate', said), 'utf8');
  const token = (await readFile(pathAfter('Admin token', said), 'utf8')).trim();
  return {
    admin: new AdminClient(ports.admin, root, token),
    devicePort: ports.device,
    adminPort: ports.admin,
    gatewayPort: ports.gateway,
    dataFolder,
    root,
    token,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function started(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (octets: Buffer) => {
      said += octets.toString();
      if (said.includes('Try:')) resolve(said);
    });
    child.once('exit', () => reject(new Error(`the service did not start: ${said}`)));
  });
}

function pathAfter(name: string, said: string): string {
  const line = said.split('\n').find((one) => one.trim().startsWith(name));
  if (line === undefined) throw new Error(`the service does not say: ${name}`);
  return line.trim().slice(name.length).trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}
