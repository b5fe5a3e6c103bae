import { deviceRefOf } from '@touchmark/ca-port';
import { makeTestRequest } from '@touchmark/testkit';
import { findRevoked, parseCertificate } from '@touchmark/x509';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BatchLine, provision } from './fixture/batch-client.js';
import { OwnPostgres } from './fixture/own-postgres.js';
import { RedisServer } from './fixture/redis-server.js';
import { StatusClient } from './fixture/status-client.js';
import { processNames, ThreeProcesses } from './fixture/three-processes.js';

const MODEL = 'demo-sensor';
const DEVICES = 120;
const AFTER_ANSWERS = 20;

let postgres: OwnPostgres;
let redis: RedisServer;
let processes: ThreeProcesses;
let status: StatusClient;

beforeAll(async () => {
  postgres = await OwnPostgres.start();
  redis = await RedisServer.start();
  processes = await ThreeProcesses.start({
    databaseUrl: postgres.url,
    rolePrefix: 'touchmark_',
    redisUrl: redis.url,
    environment: { TOUCHMARK_LOG_LEVEL: 'warn', TOUCHMARK_RESPONDER_OCSP_CACHE_SIZE: '0' },
  });
  status = new StatusClient(processes.urls.public);
});
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const name of processNames) console.error(`${name}:\n${processes.process(name).output.slice(-3000)}`);
});
afterAll(async () => {
  await processes?.close();
  await redis?.remove();
  await postgres?.remove();
});

interface Fault {
  readonly what: string;
  readonly strike: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

const faults: readonly Fault[] = [
  ...processNames.map((name) => ({
    what: name,
    strike: () => processes.kill(name),
    mend: () => processes.bring(name),
  })),
  { what: 'Redis', strike: () => redis.kill(), mend: () => redis.run() },
  { what: 'PostgreSQL', strike: () => postgres.kill(), mend: () => postgres.restart() },
];

/** What was acknowledged: certificates by deviceSerial, and the devices whose revocation was answered. */
interface Acknowledged {
  readonly certificates: Map<string, Buffer>;
  readonly revoked: Set<string>;
}

const refOf = (deviceSerial: string): string => deviceRefOf({ realm: 'devices.local', model: MODEL, deviceSerial });

/** Asks again until it is so; the test's own time limit ends what never becomes so. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function makeBatch(): Promise<string> {
  const { body } = await processes.admin.post('/v1/batches', {
    factory: 'demo-factory',
    model: MODEL,
    policy: 'default',
    size: DEVICES,
    validUntil: Math.floor(Date.now() / 1000) + 3600,
  });
  return body.id;
}

/** Sends lines once; true when the stream came to its end and every line got a certificate. */
async function send(
  batchId: string,
  lines: readonly BatchLine[],
  known: Acknowledged,
  onAnswer: (answers: number) => void = () => undefined,
): Promise<boolean> {
  const refused: string[] = [];
  const changed: string[] = [];
  const { done } = await provision(processes.admin, batchId, lines, (answer) => {
    if ('error' in answer) {
      refused.push(answer.error.code);
      return;
    }
    const certificate = Buffer.from(answer.certificate, 'base64');
    const before = known.certificates.get(answer.deviceSerial);
    // rule 3: what was acknowledged once is what is answered ever after
    if (before !== undefined && !certificate.equals(before)) changed.push(answer.deviceSerial);
    known.certificates.set(answer.deviceSerial, certificate);
    onAnswer(known.certificates.size);
  }).catch(() => ({ done: false }));
  expect(changed).toEqual([]);
  return done && refused.length === 0;
}

async function revoke(deviceSerial: string, known: Acknowledged): Promise<void> {
  const answer = await processes.admin
    .post(`/v1/devices/${refOf(deviceSerial)}/revocation`, { reason: 'cessationOfOperation' })
    .catch(() => undefined);
  if (answer?.status === 200) known.revoked.add(deviceSerial);
}

describe('killed in the middle of work and brought back', () => {
  it.each(faults)(
    '$what: nothing acknowledged is lost, and everything goes on by itself',
    async ({ what, strike, mend }) => {
      const known: Acknowledged = { certificates: new Map(), revoked: new Set() };
      const batchId = await makeBatch();
      const lines = Array.from({ length: DEVICES }, (_, at) => ({
        deviceSerial: `${what}-${at}`,
        csr: makeTestRequest().der,
      }));

      // 1. a factory provisions and an admin revokes, until it strikes
      const enough = Promise.withResolvers<void>();
      const sending = send(batchId, lines, known, (answers) => {
        if (answers >= AFTER_ANSWERS) enough.resolve();
      });
      await Promise.race([enough.promise, sending]);
      const [first = '', second = '', third = ''] = [...known.certificates.keys()];
      await revoke(first, known);
      expect(known.revoked).toEqual(new Set([first]));
      const revoking = revoke(second, known);
      await strike();
      await Promise.all([sending, revoking]);

      // 2. what can go on without it goes on; nobody waits for ever
      await revoke(third, known);
      await mend();

      // 3. sent again until everything is done, without a restart of anything else
      const alive = lines.filter(({ deviceSerial }) => ![first, second, third].includes(deviceSerial));
      await until(() => send(batchId, alive, known));
      for (const deviceSerial of [second, third])
        await until(async () => {
          await revoke(deviceSerial, known);
          return known.revoked.has(deviceSerial);
        });

      // 4. what was acknowledged holds, as relying parties see it
      const of = (serial: string): Uint8Array => new Uint8Array(known.certificates.get(serial) ?? []);
      const gone = [first, second, third].map(of);
      const kept = alive.slice(0, 8).map(({ deviceSerial }) => of(deviceSerial));
      await until(async () => (await status.ocsp(gone)).every((one) => one === 'revoked'));
      expect(await status.ocsp(gone)).toEqual(gone.map(() => 'revoked'));
      await until(async () => (await status.ocsp(kept)).every((one) => one === 'good'));
      await until(async () => {
        const crls = await Promise.all(gone.map((certificate) => status.crlOf(certificate)));
        return gone.every((der, at) => {
          const crl = crls[at];
          return crl !== undefined && findRevoked(crl, parseCertificate(der).serialNumber) !== undefined;
        });
      });
      expect((await processes.admin.get(`/v1/devices/${refOf(first)}`)).body).toMatchObject({ state: 'revoked' });
    },
  );
});
