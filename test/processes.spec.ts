import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import path from 'node:path';
import { connect } from 'node:tls';
import { CaPortClient, connectCaPort } from '@touchmark/ca-grpc';
import type { CaCaller } from '@touchmark/ca-port';
import { CredentialFolder, CredentialRenewal, readDatabaseUrl } from '@touchmark/credentials';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { readIdentity } from '@touchmark/verifier';
import { encodePem } from '@touchmark/x509';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { OwnProcess } from './fixture/own-process.js';
import { RedisServer } from './fixture/redis-server.js';
import { ThreeProcesses } from './fixture/three-processes.js';
import { lifeOfADevice } from './stories/life-of-a-device.js';
import { readmeBlocks } from './stories/readme-blocks.js';

let database: TestDatabase;
let redis: RedisServer;
let processes: ThreeProcesses;

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  redis = await RedisServer.start();
  processes = await ThreeProcesses.start({
    databaseUrl: database.url,
    rolePrefix: database.rolePrefix,
    redisUrl: redis.url,
  });
});
afterAll(async () => {
  await processes?.close();
  await redis?.remove();
  await database?.drop();
});

describe('what users do with one process, with three', () => {
  lifeOfADevice(() => processes);
  readmeBlocks(() => processes);
});

const now = (): number => Math.floor(Date.now() / 1000);

/** The CA port as whoever holds the folder of secrets of `name` reaches it, calling itself `caller`. */
async function portOf(name: string, caller: CaCaller, credential = 'service'): Promise<CaPortClient> {
  const folder = await CredentialFolder.open(path.join(processes.secrets, name), randomBytes);
  const renewal = { folder, name: credential, renew: () => Promise.reject(new Error('not here')), now };
  const credentials = await CredentialRenewal.open({ ...renewal, onError: () => undefined });
  const url = `https://localhost:${processes.ports.ca}`;
  const deadlines = { issue: 3_000, other: 3_000 };
  return connectCaPort({ url, caller, credentials, realm: 'devices.local', statusOf: () => 'valid', now, deadlines });
}

/** What a call failed with: the name of the error, and its code where it has one. */
async function failure(call: (port: CaPortClient) => Promise<unknown>, port: CaPortClient): Promise<string> {
  try {
    await call(port);
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  } finally {
    port.close();
  }
}

describe('the folders of secrets', () => {
  it.each(['ca', 'enrollment', 'responder', 'root'])('%s is its process’s alone', async (name) => {
    const folder = path.join(processes.secrets, name);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(folder)) expect((await stat(path.join(folder, file))).mode & 0o777).toBe(0o600);
  });

  it('hold no issuing key but the CA’s, and one role’s URL each', async () => {
    for (const name of ['enrollment', 'responder']) {
      const files = await readdir(path.join(processes.secrets, name));
      expect(files.filter((file) => /^(root|idevid|ldevid|infrastructure)-.*\.jwe$/.test(file))).toEqual([]);
      const url = new URL(await readDatabaseUrl(path.join(processes.secrets, name)));
      expect(url.username).toBe(`${database.rolePrefix}${name}`);
    }
  });

  it('are kept by a second init, which changes nothing', async () => {
    const read = async () =>
      Promise.all(
        ['ca', 'enrollment', 'responder'].flatMap((name) =>
          ['database-url', 'service.pem'].map((file) => readFile(path.join(processes.secrets, name, file), 'utf8')),
        ),
      );
    const before = await read();
    expect(await processes.init()).toContain('The database is up to date.');
    expect(await read()).toEqual(before);
    expect((await processes.admin.get('/v1/models')).status).toBe(200);
  });
});

describe('who has taken the enrollment process', () => {
  it('makes no certificate without a warrant', async () => {
    const port = await portOf('enrollment', 'enrollment');
    const identity = { realm: 'devices.local', model: 'demo-sensor', deviceSerial: 'STOLEN-1' };
    const hardware = { hwType: '2.25.1', organization: 'Touchmark evaluation' };
    const order = (warrantId: string) => ({
      identity,
      hardware,
      profile: 'ldevid' as const,
      terms: { policy: '00000000-0000-4000-8000-000000000001' },
      csr: makeTestRequest({ key: generateTestKey() }).der,
      evidence: { kind: 'warrant' as const, warrantId },
    });
    const outcomes = await port.issueCertificates([order('00000000-0000-4000-8000-00000000dead')]);
    expect(outcomes).toMatchObject([{ ok: false, code: 'WARRANT_UNKNOWN' }]);
    port.close();
  });

  it.each([['renews OCSP signers', (p: CaPortClient) => p.renewOcspSigners([])]] as const)(
    'may not call what the responder may: %s',
    async (_what, call) => {
      expect(await failure(call, await portOf('enrollment', 'enrollment'))).toBe('CaCallRefusedError');
      // what it calls itself changes nothing: its certificate says who it is
      expect(await failure(call, await portOf('enrollment', 'responder'))).toBe('CaCallRefusedError');
    },
  );

  it('nor may the responder do what enrollment may', async () => {
    for (const call of [
      (p: CaPortClient) => p.issueCertificates([]),
      (p: CaPortClient) => p.changeStatus([]),
      (p: CaPortClient) => p.openWarrants([]),
      (p: CaPortClient) => p.confirmSeen([]),
    ])
      expect(await failure(call, await portOf('responder', 'enrollment'))).toBe('CaCallRefusedError');
  });

  it('with the certificate of its TLS port is nobody to the CA', async () => {
    const port = await portOf('enrollment', 'enrollment', 'tls-server');
    expect(await failure((p) => p.describeAuthorities(), port)).toBe('CaUnavailableError');
  });

  it('writes nothing of the CA’s in the database, and reads no journal, no key and no CRL there', async () => {
    const client = new Client({ connectionString: await readDatabaseUrl(path.join(processes.secrets, 'enrollment')) });
    await client.connect();
    try {
      for (const statement of [
        "UPDATE ca.subject SET state = 'open'",
        'DELETE FROM ca.revocation',
        'UPDATE ca.warrant SET remaining = size',
        'UPDATE ca.key_owner SET blocked_for = NULL',
        "INSERT INTO ca.outbox (queue, key, payload) VALUES ('crl', 'list-1', '{}')",
        'SELECT * FROM ca.journal',
        'SELECT * FROM ca.crl',
        'SELECT * FROM ca.authority',
        'SELECT * FROM publication.crl',
      ])
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});

describe('the CA process', () => {
  it('answers nobody without a certificate, and opens no port beside the CA port and health on loopback', async () => {
    const ended = await new Promise<string>((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: processes.ports.ca,
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false,
      });
      socket
        .once('error', () => resolve('refused'))
        .once('close', () => resolve('refused'))
        .once('data', () => resolve('answered'));
    });
    expect(ended).toBe('refused');
    const health = `http://127.0.0.1:${processes.ports.caHealth}`;
    expect(await (await fetch(`${health}/readyz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${health}/livez`)).status).toBe(200);
    expect(await (await fetch(`${health}/metrics`)).text()).toContain('process_cpu_seconds_total');
    expect((await fetch(`${health}/anything`)).status).toBe(404);
  });

  it('issues for a gateway and a server, never into a folder that has one, and revokes what it issued', async () => {
    const out = await mkdtemp(path.join(processes.folder, 'gateway-'));
    const gateway = path.join(out, 'secrets');
    await processes.command('issue', ['gateway-client', '--name', 'gate-7', '--out', gateway]);
    await processes.command('issue', [
      'tls-server',
      '--name',
      'gate-7.example.com',
      '--ip',
      '192.0.2.7',
      '--out',
      gateway,
    ]);
    const folder = await CredentialFolder.open(gateway, randomBytes);
    const client = await folder.read('gateway-client');
    expect(readIdentity(client.certificate)).toMatchObject({ kind: 'gateway', name: 'gate-7', realm: 'devices.local' });
    expect((await folder.read('tls-server')).chain).toHaveLength(2);
    await expect(processes.command('issue', ['gateway-client', '--name', 'gate-8', '--out', gateway])).rejects.toThrow(
      'already',
    );
    const answer = () =>
      feedStatus(client.chain, client.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    await expect.poll(answer, { timeout: 10_000, interval: 250 }).toBe(200);
    const revoked = await processes.command('revoke-certificate', [
      path.join(gateway, 'gateway-client.pem'),
      '--reason',
      'keyCompromise',
    ]);
    expect(revoked).toMatch(/^Revoked \(certificates: 1\): [0-9a-f]{32}, journal position 1\.\d+$/m);
    await expect.poll(answer, { timeout: 10_000, interval: 250 }).toBe(401);
  });

  it.each<Record<string, string>>([
    { TOUCHMARK_REALM: 'other.local' },
    { TOUCHMARK_PUBLIC_HTTP_URL: 'http://pki.example.com' },
    { TOUCHMARK_EVALUATION: 'false' },
  ])('does not start on a hierarchy that was made with something else than %j', async (environment) => {
    const process = new OwnProcess('ca', [], { ...processes.environmentOf('ca'), ...environment });
    expect(await process.exit()).toBe(2);
    expect(process.output).toMatch(/^The CA failed: /m);
  });

  it.each([
    ['issue', 'toaster', '--name', 'x', '--out', 'y'],
    ['issue', 'service', '--name', 'x', '--dns', 'y', '--out', 'z'],
    ['revoke-certificate', '00', '--reason', 'boredom'],
    ['init', '--bogus'],
    ['no-such-command'],
  ])('refuses %s %s', async (name, ...args) => {
    await expect(processes.command(name, args)).rejects.toThrow('The CA failed');
  });

  it('begins a new epoch from what was downloaded, with every process stopped', async () => {
    const file = path.join(processes.folder, 'snapshot');
    const signers = path.join(processes.folder, 'signers.pem');
    await writeFile(file, await download('/status/snapshot'));
    await writeFile(signers, await download('/status/signers'));
    await expect(processes.command('restore', ['--yes', file, signers])).rejects.toThrow('SERVICE_RUNS');
    for (const name of ['responder', 'enrollment', 'ca'] as const) await processes.kill(name);
    await expect(processes.command('restore', ['--yes'])).rejects.toThrow('usage');
    await expect(processes.command('restore', [file, signers])).rejects.toThrow('--yes');
    expect(await processes.command('restore', ['--yes', file, signers])).toMatch(/^Epoch 2 has begun: \{/m);
    for (const name of ['ca', 'responder', 'enrollment'] as const) await processes.bring(name);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query('SELECT epoch FROM ca.journal_head');
    await client.end();
    expect(rows).toEqual([{ epoch: 2 }]);
    await expect
      .poll(async () => (await fetch(`${processes.urls.public}/readyz`)).status, { timeout: 15_000 })
      .toBe(200);
  });

  it('stops cleanly at SIGTERM, as the others do', async () => {
    for (const name of ['responder', 'enrollment', 'ca'] as const) {
      const running = processes.process(name);
      expect(await running.stop()).toBe(0);
      expect(running.output).toContain('Stopped.');
      expect(running.output).not.toMatch(/ (ERROR|FATAL) /);
    }
  });
});

async function download(target: string): Promise<Buffer> {
  const answer = await fetch(processes.urls.public + target);
  if (!answer.ok) throw new Error(`${target}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** The HTTP status with which the feed's long poll answers the holder of a certificate. */
async function feedStatus(chain: readonly Uint8Array[], key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(`${processes.urls.gateway}/status/feed`, {
      agent: false,
      ca: processes.admin.ca,
      cert: chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
      key,
      headers: { accept: 'application/json' },
    });
    req.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    req.once('error', reject).end();
  });
}
