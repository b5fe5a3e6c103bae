import { Client } from 'pg';
import { Database, journalHead, statusChannel } from '@touchmark/store';
import { JournalFollower } from '@touchmark/status-list';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { PublishSnapshot } from '../../apps/ca/src/status-publication/publish-snapshot.js';
import { type PublicationPorts, publishMoment } from '../../apps/ca/src/status-publication/publication.js';
import { StatusKey } from '../../apps/ca/src/status-publication/status-key.js';
import { differences, followPublished, publishedMessages, StatusSigners } from '../fixture/published-status.js';
import { TcpProxy } from '../fixture/tcp-proxy.js';
import { idevidRequest, identityOf, issued, TestCaService, testModel } from '../fixture/test-ca.js';

let proxy: TcpProxy;
let service: TestCaService;
/** Past the proxy, as the owner. */
let direct: Client;
let relay: Database;
let ports: PublicationPorts;
/** Lived through everything: it must never have to begin anew. */
let follower: JournalFollower;
let suspended = false;

const schedule = { snapshotEvery: 600, snapshotAfter: 600, batchesKept: 0 };

beforeAll(async () => {
  proxy = await TcpProxy.open(inject('databaseUrl'));
  service = await TestCaService.open(proxy.through(inject('databaseUrl')));
  const url = new URL(inject('databaseUrl'));
  url.pathname = new URL(service.databaseUrl).pathname;
  direct = new Client({ connectionString: url.href });
  await direct.connect();
  relay = await Database.open({ url: url.href, poolSize: 2, applicationName: 'test relay' });
  await direct.query(`
    CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is on fire'; END $$`);
  issued(await service.issue(idevidRequest('A', await service.batchWarrant(1))));
  const { ca, db } = service;
  const now = (): number => service.now();
  const key = new StatusKey({
    serviceCertificate: (order) => ca.serviceCertificates.run(order),
    certificateOf: (id) => ca.certificateOf(id),
    realm: testModel.realm,
    now,
    onError: (error) => service.errors.push(error),
  });
  ports = { db, key, now, headEvery: 2 };
  await new PublishSnapshot(ports, schedule).run();
  follower = new JournalFollower({ verify: (await new StatusSigners().learn(relay)).verify });
  follower.apply((await publishedMessages(relay)).snapshots.at(-1) ?? new Uint8Array());
});
beforeEach(() => grow());
afterAll(async () => {
  await relay?.close();
  await direct?.end();
  await service?.close();
  await proxy?.close();
});

/** One more entry for the journal. */
async function grow(): Promise<void> {
  const target = { kind: 'device', identity: identityOf('A') } as const;
  const act = suspended ? 'release' : 'suspend';
  expect(await service.port.changeStatus([{ act, target, cause: 'chaos' }])).toMatchObject([{ ok: true }]);
  suspended = !suspended;
}

/** The follower of before takes what is stored, and then knows every seat as the tables have it. */
async function goesOn(): Promise<void> {
  await publishMoment(ports);
  await followPublished(relay, follower);
  expect(follower.position).toMatchObject(await journalHead(relay));
  expect(await differences(relay, follower)).toEqual([]);
}

async function failing(table: string, work: () => Promise<unknown>): Promise<void> {
  await direct.query(
    `CREATE TRIGGER broken BEFORE INSERT OR UPDATE OR DELETE ON ca.${table} FOR EACH ROW EXECUTE FUNCTION break_off()`,
  );
  try {
    await expect(work()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  } finally {
    await direct.query(`DROP TRIGGER broken ON ca.${table}`);
  }
}

describe.each(['status_batch', 'status_head', 'status_snapshot'])('while %s cannot be written', (table) => {
  it('nothing of the round is stored, and the next one goes on where the chain ended', async () => {
    const before = await publishedMessages(relay);
    await failing(table, () => new PublishSnapshot(ports, schedule).run());
    expect(await publishedMessages(relay)).toEqual(before);
    await goesOn();
  });
});

/** What the driver sends first for a statement: Query, or Parse, or Bind where the statement is prepared already. */
const isStatement = (octets: Buffer): boolean => 'QPB'.includes(String.fromCharCode(octets[0] ?? 0));
const isCommit = (octets: Buffer): boolean => octets[0] === 0x51 && octets.includes('COMMIT\0');

describe('a publisher that loses the database', () => {
  it('at any one statement of a round leaves nothing of it, and the next round goes on', async () => {
    const places: number[] = [];
    for (let place = 1; ; place++) {
      await grow();
      const before = await publishedMessages(relay);
      let sent = 0;
      proxy.onRequest = (octets) => (isStatement(octets) && ++sent === place ? 'die-before' : 'pass');
      const outcome: unknown = await new PublishSnapshot(ports, schedule).run().catch((error: unknown) => error);
      proxy.onRequest = () => 'pass';
      if (sent < place) break;
      places.push(place);
      expect(outcome, `at statement ${place}`).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await publishedMessages(relay), `at statement ${place}`).toEqual(before);
      await goesOn();
    }
    expect(places.length).toBeGreaterThan(8);
    await goesOn();
  });

  it('with the answer to COMMIT has published, and does not sign the same entries otherwise', async () => {
    const before = await publishedMessages(relay);
    proxy.onRequest = (octets) => (isCommit(octets) ? 'die-after' : 'pass');
    await expect(publishMoment(ports)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    proxy.onRequest = () => 'pass';
    const after = await publishedMessages(relay);
    expect(after.batches).toHaveLength(before.batches.length + 1);
    await goesOn();
    expect((await publishedMessages(relay)).batches.slice(0, after.batches.length)).toEqual(after.batches);
  });
});

describe('what is old', () => {
  it('goes: all snapshots but two, and batches that no follower of the older one needs; the chain goes on', async () => {
    for (let i = 0; i < 3; i++) {
      await grow();
      // in the past already: kept for no time at all
      await new PublishSnapshot(ports, { ...schedule, batchesKept: -1 }).run();
    }
    const { snapshots } = await publishedMessages(relay);
    expect(snapshots).toHaveLength(2);
    const rows = await direct.query<{ first: string }>('SELECT first FROM ca.status_batch ORDER BY first');
    const older = await direct.query<{ sequence: string }>('SELECT min(sequence) AS sequence FROM ca.status_snapshot');
    // the batch that the older snapshot ends with is kept, and none before it
    expect(Number(rows.rows[0]?.first)).toBe(Number(older.rows[0]?.sequence));
    await followPublished(relay);
    // the follower of before was away for too long: it takes a snapshot
    await expect(goesOn()).rejects.toMatchObject({ code: 'GAP' });
    follower.apply(snapshots.at(-1) ?? new Uint8Array());
    await goesOn();
  });
});

describe('the publisher of a process, while the database is away', () => {
  it('reports it once, and publishes by itself when it is back', async () => {
    const publisher = await service.ca.startStatusPublisher();
    try {
      const failed = Promise.withResolvers<void>();
      const { push } = service.errors;
      service.errors.push = (...errors) => {
        failed.resolve();
        return push.apply(service.errors, errors);
      };
      await proxy.cut();
      await failed.promise;
      const reported = service.errors.length;
      await proxy.restore();
      const published = Promise.withResolvers<void>();
      const listening = await relay.listen(statusChannel, (payload) => payload === 'batch' && published.resolve());
      await grow();
      await published.promise;
      await listening.close();
      expect(service.errors).toHaveLength(reported);
      expect(service.errors.at(-1)).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    } finally {
      await publisher.stop();
    }
    const signers = await new StatusSigners().learn(relay);
    const { snapshots } = await publishedMessages(relay);
    const fresh = new JournalFollower({ verify: signers.verify });
    fresh.apply(snapshots.at(-1) ?? new Uint8Array());
    await followPublished(relay, fresh);
    expect(await differences(relay, fresh)).toEqual([]);
  });
});
