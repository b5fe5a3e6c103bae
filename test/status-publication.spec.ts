import type { StatusChange } from '@touchmark/ca-port';
import {
  decodeJournalBatch,
  decodeJournalHead,
  decodeSigned,
  decodeSnapshot,
  type JournalFollower,
} from '@touchmark/status-list';
import { Database, journalChannel, journalHead, statusChannel } from '@touchmark/store';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PublishSnapshot } from '../apps/ca/src/status-publication/publish-snapshot.js';
import { type PublicationPorts, publishMoment } from '../apps/ca/src/status-publication/publication.js';
import { StatusKey } from '../apps/ca/src/status-publication/status-key.js';
import { StatusPublisher } from '../apps/ca/src/status-publication/status-publisher.js';
import { differences, followPublished, keyIdIn, publishedMessages } from './fixture/published-status.js';
import { credentialRequest, idevidRequest, identityOf, issued, TestCaService, testModel } from './fixture/test-ca.js';

let service: TestCaService;
/** Reads what a relay reads. */
let relay: Database;
let publisher: PublicationPorts;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'), { blockSize: 64 });
  relay = await Database.open({ url: service.databaseUrl, poolSize: 2, applicationName: 'test relay' });
  publisher = replica(service);
});
afterAll(async () => {
  await relay?.close();
  await service?.close();
});

const now = (): number => service.now();

/** A publisher with a status key of its own, as each CA process has one. */
function replica({ ca, db }: TestCaService): PublicationPorts {
  const key = new StatusKey({
    serviceCertificate: (order) => ca.serviceCertificates.run(order),
    certificateOf: (id) => ca.certificateOf(id),
    realm: testModel.realm,
    now,
    onError: (error) => service.errors.push(error),
  });
  return { db, key, now, headEvery: 2 };
}

const schedule = { snapshotEvery: 600, snapshotAfter: 600, batchesKept: 7 * 86_400 };
const device = (serial: string) => ({ kind: 'device', identity: identityOf(serial) }) as const;

async function change(...changes: StatusChange[]): Promise<void> {
  for (const outcome of await service.port.changeStatus(changes)) expect(outcome).toMatchObject({ ok: true });
}

async function enroll(serial: string) {
  const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
  const ldevid = issued(await service.issue(credentialRequest(serial, idevid.certificate)));
  return { idevid, ldevid };
}

describe('a follower of what the CA publishes', () => {
  let follower: JournalFollower;

  it('knows every seat as the tables have it from the first snapshot on', async () => {
    for (const serial of ['A', 'B', 'C']) await enroll(serial);
    await change({ act: 'suspend', target: device('A'), cause: 'lost' });
    await new PublishSnapshot(publisher, schedule).run();
    follower = await followPublished(relay);
    expect(follower.position).toMatchObject(await journalHead(service.db));
    expect(await differences(relay, follower)).toEqual([]);
    expect(follower.certificates).toHaveLength(3);
  });

  it('goes on from there by batches: leases, new lists, suspended, released, revoked, many at once', async () => {
    const serials = Array.from({ length: 150 }, (_, i) => `many-${i}`);
    const warrantId = await service.batchWarrant(serials.length);
    await service.port.issueCertificates(serials.map((serial) => idevidRequest(serial, warrantId)));
    await change({ act: 'release', target: device('A'), cause: 'lost' });
    await change({ act: 'suspend', target: device('B'), cause: 'lost' });
    await change({ act: 'revoke', target: device('C'), reason: 'keyCompromise' });
    await change(
      ...serials.map((serial) => ({ act: 'revoke', target: device(serial), reason: 'superseded' }) as const),
    );
    service.advance(40 * 86_400);
    await enroll('another-bucket');
    await service.ca.statusLists.openAhead();
    await publishMoment(publisher);
    await followPublished(relay, follower);
    expect(follower.position).toMatchObject(await journalHead(service.db));
    expect(await differences(relay, follower)).toEqual([]);
  });

  it('gets the same from a new snapshot as from all batches', async () => {
    await new PublishSnapshot(publisher, schedule).run();
    const { snapshots } = await publishedMessages(relay);
    expect(follower.isProvenBy(snapshots.slice(-1))).toBe(true);
  });

  it('gets a head anew when it is two seconds old, and no batch where nothing happened', async () => {
    await publishMoment(publisher);
    const before = await publishedMessages(relay);
    await publishMoment(publisher);
    expect(await publishedMessages(relay)).toEqual(before);
    const later = { ...publisher, headEvery: 0 };
    await publishMoment(later);
    const after = await publishedMessages(relay);
    expect(after.batches).toEqual(before.batches);
    expect(after.head).not.toEqual(before.head);
  });
});

const timeOf = (message: Uint8Array | undefined): number =>
  decodeJournalHead(decodeSigned(message ?? new Uint8Array()).payload).time;

describe('a head', () => {
  it('takes the earlier of our clock and the database’s', async () => {
    // the CA's clock is 40 days ahead of the database's by now
    await publishMoment({ ...publisher, headEvery: 0 });
    expect(timeOf((await publishedMessages(relay)).head)).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('is refused by a clock that went back, while batches still go out, and no stored time goes back', async () => {
    const before = await publishedMessages(relay);
    const back = { ...publisher, now: () => publisher.now() - 41 * 86_400 };
    await change({ act: 'suspend', target: device('A'), cause: 'clock' });
    await expect(publishMoment(back)).rejects.toMatchObject({ code: 'CLOCK_UNTRUSTED' });
    const after = await publishedMessages(relay);
    expect(after.batches).toHaveLength(before.batches.length + 1);
    expect(after.head).toEqual(before.head);
    await expect(new PublishSnapshot(back, schedule).run()).rejects.toMatchObject({ code: 'CLOCK_UNTRUSTED' });
    expect(await publishedMessages(relay)).toEqual(after);
  });
});

describe('publishers of two replicas on one database', () => {
  it('racing while the journal grows, make one chain that a follower takes', async () => {
    const other = replica(service);
    await other.key.current();
    await enroll('D');
    await change({ act: 'suspend', target: device('D'), cause: 'race' });
    await publishMoment(other);
    await change({ act: 'release', target: device('D'), cause: 'race' });
    await publishMoment(publisher);
    const follower = await followPublished(relay);
    const changes = Array.from({ length: 40 }, (_, i) => i);
    const changing = (async () => {
      for (const i of changes) {
        await change({ act: i % 2 === 0 ? 'suspend' : 'release', target: device('D'), cause: 'race' });
      }
    })();
    const changed = changing.then(() => 'changed' as const);
    const publish = async (ports: PublicationPorts): Promise<void> => {
      while ((await Promise.race([changed, publishMoment(ports)])) !== 'changed');
      await new PublishSnapshot(ports, schedule).run();
    };
    await Promise.all([publish(publisher), publish(other), changing]);
    await followPublished(relay, follower);
    expect(await differences(relay, follower)).toEqual([]);
    expect(follower.position).toMatchObject(await journalHead(service.db));

    const batches = (await publishedMessages(relay)).batches;
    expect(new Set(batches.map(keyIdIn)).size).toBe(2);
    let next = 1;
    for (const message of batches) {
      const { first, entries } = decodeJournalBatch(decodeSigned(message).payload);
      expect(first).toBe(next);
      next += entries.length;
    }
  });
});

describe('a snapshot made while the journal grows', () => {
  it('is what a follower of the batches up to it knows, list by list and seat by seat', async () => {
    await new PublishSnapshot(publisher, schedule).run();
    const replay = await followPublished(relay);
    const before = replay.position?.sequence ?? 0;
    const made: Uint8Array[] = [];
    const changing = (async () => {
      const warrantId = await service.batchWarrant(30);
      for (let i = 0; i < 30; i++) {
        issued(await service.issue(idevidRequest(`growing-${i}`, warrantId)));
        await change({ act: 'revoke', target: device(`growing-${i}`), reason: 'superseded' });
      }
    })();
    const changed = changing.then(() => 'changed' as const);
    const snapshots = new PublishSnapshot(publisher, schedule);
    while ((await Promise.race([changed, snapshots.run()])) !== 'changed')
      made.push((await publishedMessages(relay)).snapshots.at(-1) ?? new Uint8Array());
    const { batches } = await publishedMessages(relay);
    const all = made.map((message) => decodeSnapshot(decodeSigned(message).payload));
    expect(all.some(({ sequence }) => sequence > before + 5)).toBe(true);
    for (const { sequence, lists } of all) {
      for (const batch of batches) {
        const { first, entries } = decodeJournalBatch(decodeSigned(batch).payload);
        if (first > (replay.position?.sequence ?? 0) && first + entries.length - 1 <= sequence) replay.apply(batch);
      }
      expect(replay.position?.sequence).toBe(sequence);
      for (const { listId, issuerKeyId, leasedTo, seats } of lists) {
        const table = replay.table(issuerKeyId);
        expect([...(table?.nonValid(listId) ?? [])]).toEqual([...seats.nonValid()]);
        expect(table?.lookup({ listId, index: leasedTo })).toBe('unknown');
        expect(table?.lookup({ listId, index: Math.max(leasedTo - 1, 0) }) === 'unknown').toBe(leasedTo === 0);
      }
    }
  });
});

/** Resolves when that kind of message was stored. */
async function stored(kind: string): Promise<{ readonly once: Promise<void>; close(): Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listening = await service.db.listen(statusChannel, (payload) => payload === kind && resolve());
  return { once: promise, close: () => listening.close() };
}

/** Revokes the certificate of a status key. */
async function revokeSigner(keyId: string): Promise<void> {
  const rows = await relay.query<{ certificate: Uint8Array }>('SELECT certificate FROM publication.status_signer');
  const certificate = rows
    .map((row) => parseCertificate(row.certificate))
    .find(({ subjectPublicKeyInfo }) => Buffer.from(spkiSha256(subjectPublicKeyInfo)).toString('hex') === keyId);
  if (!certificate) throw new Error('no such signer');
  const { serialNumber } = certificate;
  expect(await service.ca.revokeServiceCertificate.run({ serialNumber, reason: 'keyCompromise' })).toMatchObject({
    revoked: 1,
  });
}

describe('the publisher of a process', () => {
  it('works little for who only notifies: a round that finds nothing new is followed by a rest', async () => {
    let rounds = 0;
    const ports = { ...replica(service), now: () => (rounds++, now()) };
    const onError = (error: unknown) => service.errors.push(error);
    const running = await StatusPublisher.start({ ...schedule, ports, db: service.db, onError });
    try {
      const [begin, before] = [performance.now(), rounds];
      while (performance.now() - begin < 600) await relay.query(`NOTIFY ${journalChannel}`);
      expect(rounds - before).toBeLessThanOrEqual(600 / 20 + 5);
    } finally {
      await running.stop();
    }
  });

  it('begins with a snapshot by its own key, publishes each commit by itself, and stops with nothing half done', async () => {
    const running = await service.ca.startStatusPublisher();
    try {
      const first = await publishedMessages(relay);
      expect(keyIdIn(first.snapshots.at(-1) ?? new Uint8Array())).toBe(keyIdIn(first.head ?? new Uint8Array()));
      const follower = await followPublished(relay);
      for (const act of ['suspend', 'release'] as const) {
        const batch = await stored('batch');
        await change({ act, target: device('D'), cause: 'published' });
        await batch.once;
        await batch.close();
        await followPublished(relay, follower);
        expect(follower.position).toMatchObject(await journalHead(service.db));
        expect(await differences(relay, follower)).toEqual([]);
      }
    } finally {
      await running.stop();
    }
    expect(service.errors).toEqual([]);
  });

  it('signs heads by the clock while nothing happens', async () => {
    const running = await service.ca.startStatusPublisher();
    try {
      const before = await publishedMessages(relay);
      const head = await stored('head');
      await head.once;
      await head.close();
      expect((await publishedMessages(relay)).head).not.toEqual(before.head);
    } finally {
      await running.stop();
    }
  });

  it('whose certificate was revoked goes on with a new key at once, and with a snapshot by it', async () => {
    const running = await service.ca.startStatusPublisher();
    try {
      const { head = new Uint8Array() } = await publishedMessages(relay);
      const snapshot = await stored('snapshot');
      await revokeSigner(keyIdIn(head));
      await snapshot.once;
      await snapshot.close();
      const after = await publishedMessages(relay);
      for (const message of [after.head, after.batches.at(-1), after.snapshots.at(-1)])
        expect(keyIdIn(message ?? new Uint8Array())).not.toBe(keyIdIn(head));
      expect(await differences(relay, await followPublished(relay))).toEqual([]);
    } finally {
      await running.stop();
    }
  });
});
