// The processes of the demo: the service, what is protected, and the gateway in front of it.
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { freePort, hold, root } from './stage.mjs';

const POLICY = `realm: devices.local
roles:
  sensor: [demo-sensor]
routes:
  - name: telemetry
    path: /devices/{deviceSerial}/**
    methods: [GET, POST]
    allow: [{ role: sensor }]
`;

/** The whole service in one process on an embedded PostgreSQL, as `npm start` runs it. */
export async function startService(stage) {
  const ports = {
    device: await freePort(),
    admin: await freePort(),
    public: await freePort(),
    gateway: await freePort(),
  };
  const dataFolder = stage.file('data');
  const started = await stage.start(
    'dist/apps/standalone/src/main.js',
    {
      TOUCHMARK_DATA_FOLDER: dataFolder,
      TOUCHMARK_DEVICE_PORT: String(ports.device),
      TOUCHMARK_ADMIN_PORT: String(ports.admin),
      TOUCHMARK_PUBLIC_PORT: String(ports.public),
      TOUCHMARK_GATEWAY_PORT: String(ports.gateway),
      TOUCHMARK_LOG_LEVEL: 'warn',
    },
    (line) => line.includes('Ctrl-C stops.'),
  );
  await copyFile(path.join(dataFolder, 'root.pem'), stage.file('root.pem'));
  return { ...started, ports, dataFolder, est: `https://localhost:${ports.device}/.well-known/est` };
}

/** The command line, told where the service is; with `--json`, what it printed. */
export function commandLine(stage, service) {
  const environment = {
    TOUCHMARK_DATA_FOLDER: service.dataFolder,
    TOUCHMARK_URL: `https://localhost:${service.ports.admin}`,
    TOUCHMARK_EST_URL: `https://localhost:${service.ports.device}`,
    TOUCHMARK_STATUS_URL: `http://localhost:${service.ports.public}`,
  };
  const script = path.join(root, 'scripts', 'touchmark.mjs');
  return async (args, options = {}) => {
    const shown = args.filter((arg) => arg !== '--json').join(' ');
    const run = { show: `npx touchmark ${shown}`, environment, ...options };
    const { out } = await stage.run(process.execPath, [script, ...args], run);
    return args.includes('--json') ? JSON.parse(out) : out;
  };
}

/** The REST API with the admin's token, over one connection that stays open. */
export async function adminApi(service) {
  const ca = await readFile(path.join(service.dataFolder, 'root.pem'));
  const token = (await readFile(path.join(service.dataFolder, 'secrets', 'admin.token'), 'utf8')).trim();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return async (method, pathname, body) => {
    const outgoing = request(`https://localhost:${service.ports.admin}${pathname}`, { method, agent, headers });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = await once(outgoing, 'response');
    const text = Buffer.concat(await answer.toArray()).toString();
    hold(answer.statusCode < 300, `${method} ${pathname}: ${answer.statusCode} ${text}`);
    return JSON.parse(text);
  };
}

/** What the gateway stands in front of. */
export async function startUpstream(stage) {
  const port = await freePort();
  await stage.start('scripts/demo/upstream.mjs', { PORT: String(port) }, (line) => line === 'upstream listens');
  return `http://127.0.0.1:${port}`;
}

/** The gateway, with the credentials that the service's first start made for it. */
export async function startGateway(stage, service, upstream, port) {
  await writeFile(stage.file('policy.yaml'), POLICY);
  const started = await stage.start(
    'dist/apps/gateway/src/main.js',
    {
      TOUCHMARK_PORT: String(port),
      TOUCHMARK_OPERATIONS_PORT: String(await freePort()),
      TOUCHMARK_UPSTREAM: upstream,
      TOUCHMARK_POLICY_FILE: stage.file('policy.yaml'),
      TOUCHMARK_CREDENTIALS_FOLDER: path.join(service.dataFolder, 'secrets', 'gateway'),
      TOUCHMARK_SERVICE_URL: `https://localhost:${service.ports.device}`,
      TOUCHMARK_FEED_URL: `https://localhost:${service.ports.gateway}`,
      TOUCHMARK_CACHE_DIR: stage.file('gateway-status'),
      TOUCHMARK_SIGHTINGS_INTERVAL: '1',
      TOUCHMARK_LOG_LEVEL: 'warn',
    },
    (line) => line.startsWith('The gateway listens'),
  );
  return { ...started, port };
}
