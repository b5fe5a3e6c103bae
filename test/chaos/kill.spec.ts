import { randomInt } from 'node:crypto';
import { JournalFollower } from '@touchmark/status-list';
import { Database, journalHead } from '@touchmark/store';
import { seededRandom } from '@touchmark/testkit';
import { findRevoked, parseCertificate, parseCRLNumber } from '@touchmark/x509';
import { Oid } from '@touchmark/der';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { provision } from '../fixture/batch-client.js';
import { killPostmaster, makeDataFolder, removeDataFolder, ServiceProcess } from '../fixture/process.js';
import { differences, followPublished, publishedMessages, StatusSigners } from '../fixture/published-status.js';
import { freePort } from '../fixture/service.js';
import { StatusClient } from '../fixture/status-client.js';
import { type FactoryBatch, Ledger, makeFactoryBatch, type Received } from './ledger.js';

const BATCH_SIZE = 2_500;
const ADMINS = 3;
const REPEATED_LINES = 100;

/** What is happening when the service is killed: so many answers have come, or so many revocations were sent or acknowledged. */
const moments = [
  { after: 'answers', from: 150, to: 900 },
  { after: 'revocations sent', from: 1, to: 40 },
  { after: 'answers', from: 1, to: 200 },
  { after: 'revocations acknowledged', from: 1, to: 40 },
] as const;

// a failure prints its seed; CHAOS_SEED=<seed> chooses the same devices and moments again
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(2 ** 31));
const random = seededRandom(seed);

describe('the service, killed again and again while factories provision and admins revoke', () => {
  const ledger = new Ledger();
  const signers = new StatusSigners();
  const gateway = new JournalFollower({ verify: signers.verify });
  let dataFolder: string;
  let publicPort: number;
  let service: ServiceProcess;
  let batches: FactoryBatch[];

  beforeAll(async () => {
    dataFolder = await makeDataFolder();
    publicPort = await freePort();
    service = await start();
    batches = [];
    for (const name of ['north', 'south']) batches.push(await makeFactoryBatch(service.admin(), name, BATCH_SIZE));
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(`CHAOS_SEED=${seed}\n${service.output.slice(-4000)}`);
  });
  afterAll(async () => {
    await service?.kill();
    await removeDataFolder(dataFolder);
  });

  const start = (): Promise<ServiceProcess> =>
    ServiceProcess.start({ dataFolder, publicPort, environment: { TOUCHMARK_LOG_LEVEL: 'warn' } });

  const never = new Promise<never>(() => undefined);

  /** Everything at once until nothing is left to send; with `lost`, again and again until `noticed` has the service killed. Whether each batch was done. */
  async function work(
    noticed: (what: (typeof moments)[number]['after']) => void,
    lost?: Promise<unknown>,
  ): Promise<boolean[]> {
    const admin = service.admin();
    const factory = async (batch: FactoryBatch): Promise<boolean> => {
      for (;;) {
        const revokedBefore = new Set(ledger.acknowledged.keys());
        const lines = ledger.toSend(batch, random, REPEATED_LINES);
        const { done } = await provision(admin, batch.id, lines, (answer) => {
          ledger.answer(batch, answer, revokedBefore);
          noticed('answers');
        });
        // who waits for the service to die sends again until it does, however fast it was
        if (!done || lost === undefined) return done;
      }
    };
    const provisioning = new AbortController();
    const revoke = async (device: Received): Promise<boolean> => {
      const asking = admin.post(`/v1/devices/${device.deviceRef}/revocation`, { reason: 'cessationOfOperation' });
      noticed('revocations sent');
      const answer = await asking.catch(() => undefined);
      if (answer === undefined) return false;
      if (answer.status === 200) ledger.acknowledge(device, answer.body);
      else ledger.violations.push(`a revocation was answered with ${answer.status} ${answer.body.code}`);
      noticed('revocations acknowledged');
      return true;
    };
    const revokeUntilLost = async (): Promise<void> => {
      for (let alive = true; alive && !provisioning.signal.aborted;) {
        const device = await ledger.choose(random, lost ?? never);
        alive = device !== undefined && (await revoke(device));
      }
    };
    const admins = Array.from({ length: ADMINS }, revokeUntilLost);
    const done = await Promise.all(batches.map(factory));
    provisioning.abort();
    await Promise.all(admins);
    return done;
  }

  /** What must hold after every start, at once and with nothing repaired by hand. */
  async function check(): Promise<void> {
    const client = new Client({ connectionString: await service.databaseUrl() });
    await client.connect();
    try {
      await checkDatabase(client);
    } finally {
      await client.end();
    }
    await checkStatus();
    await checkPublication();
    expect(ledger.violations).toEqual([]);
  }

  async function checkDatabase(client: Client): Promise<void> {
    const received = [...ledger.received.values()];
    const stored = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM unnest($1::int[], $2::int[], $3::bytea[]) AS r (list_id, index, der)
         JOIN ca.certificate USING (list_id, index, der)`,
      [received.map((r) => r.listId), received.map((r) => r.index), received.map((r) => Buffer.from(r.certificate))],
    );
    expect(stored.rows).toEqual([{ count: received.length }]);
    expect(new Set(received.map((r) => `${r.listId}.${r.index}`)).size).toBe(received.length);

    const acknowledged = [...ledger.acknowledged.values()];
    const journalled = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM unnest($1::int[], $2::bigint[], $3::int[], $4::int[]) AS a (epoch, sequence, list_id, index)
         JOIN ca.journal j USING (epoch, sequence, list_id)
         JOIN ca.revocation r USING (list_id, index)
        WHERE a.index = ANY (j.indexes) AND r.value = 1`,
      [
        acknowledged.map((a) => a.epoch),
        acknowledged.map((a) => a.sequence),
        acknowledged.map((a) => a.listId),
        acknowledged.map((a) => a.index),
      ],
    );
    expect(journalled.rows).toEqual([{ count: acknowledged.length }]);

    const head = await client.query<{ epoch: number; sequence: number; entries: number; last: number }>(
      `SELECT h.epoch, h.sequence::int, (SELECT count(*)::int FROM ca.journal) AS entries,
              (SELECT max(sequence)::int FROM ca.journal) AS last FROM ca.journal_head h`,
    );
    const [{ epoch, sequence, entries, last } = { epoch: 0, sequence: 0, entries: 0, last: 0 }] = head.rows;
    ledger.checkHead({ epoch, sequence });
    // no gap, and nothing beyond the head
    expect([entries, last]).toEqual([sequence, sequence]);

    const behind = await client.query(
      `SELECT s.device_ref FROM ca.subject s LEFT JOIN registry.device d USING (device_ref)
        WHERE d.state IS DISTINCT FROM CASE s.state WHEN 'closed' THEN 'revoked' ELSE 'provisioned' END`,
    );
    expect(behind.rows).toEqual([]);
    const doubled = await client.query(
      'SELECT device_ref FROM ca.credential GROUP BY device_ref HAVING count(*) <> 1 UNION SELECT device_ref FROM ca.subject WHERE device_ref NOT IN (SELECT device_ref FROM ca.credential)',
    );
    expect(doubled.rows).toEqual([]);
  }

  async function checkStatus(): Promise<void> {
    const status = new StatusClient(service.urls.public);
    const acknowledged = [...ledger.acknowledged.values()];
    const statuses = await status.ocsp(acknowledged.map(({ certificate }) => certificate));
    expect(statuses.filter((one) => one !== 'revoked')).toEqual([]);
    const lists = new Map([...ledger.received.values()].map((one) => [one.listId, one.certificate]));
    for (const [listId, certificate] of lists) {
      const serials = acknowledged
        .filter((one) => one.listId === listId)
        .map((one) => parseCertificate(one.certificate).serialNumber);
      // a job makes it within a second of a change, also where the change is from before the crash
      await expect
        .poll(
          async () => {
            const crl = await status.crlOf(certificate);
            ledger.crlNumber(listId, parseCRLNumber(crl.extensions.get(Oid.cRLNumber)?.value ?? new Uint8Array()));
            return serials.filter((serial) => !findRevoked(crl, serial)).length;
          },
          { timeout: 20_000, interval: 50 },
        )
        .toBe(0);
    }
  }

  /** A gateway that has lived through all crashes takes what is published, and knows every seat as the tables have it. */
  async function checkPublication(): Promise<void> {
    const database = await Database.open({
      url: await service.databaseUrl(),
      poolSize: 2,
      applicationName: 'test gateway',
    });
    try {
      await signers.learn(database);
      const [snapshot] = (await publishedMessages(database)).snapshots;
      if (gateway.position === undefined && snapshot) gateway.apply(snapshot);
      // blocks are leased while we look
      await expect
        .poll(
          async () => {
            await followPublished(database, gateway);
            return differences(database, gateway);
          },
          { timeout: 20_000, interval: 50 },
        )
        .toEqual([]);
      expect(gateway.position).toMatchObject(await journalHead(database));
    } finally {
      await database.close();
    }
  }

  it.each(moments)('keeps what it said, killed after $after ($from to $to)', async ({ after, from, to }) => {
    const lost = Promise.withResolvers<void>();
    let left = from + Math.floor(random() * (to - from));
    const done = await work((what) => {
      if (what === after && --left === 0) void service.kill().then(lost.resolve);
    }, lost.promise);
    expect([done, left <= 0]).toEqual([[false, false], true]);
    await lost.promise;
    // the last crash is one of the machine: the database dies with the service
    if (after === 'revocations acknowledged') await killPostmaster(dataFolder);
    service = await start();
    await check();
  });

  it('then finishes both batches, and says the same again to who sends everything again', async () => {
    expect(await work(() => undefined)).toEqual([true, true]);
    expect(ledger.received.size).toBe(2 * BATCH_SIZE);
    await check();

    const revoked = new Set(ledger.acknowledged.keys());
    for (const batch of batches) {
      const { done } = await provision(service.admin(), batch.id, batch.lines, (answer) =>
        ledger.answer(batch, answer, revoked),
      );
      expect(done).toBe(true);
      expect((await service.admin().get(`/v1/batches/${batch.id}`)).body.remaining).toBe(0);
    }
    await check();
    console.log(
      `${ledger.received.size} certificates, ${ledger.acknowledged.size} revocations, ${moments.length} crashes`,
    );
  });
});
