import { afterEach, describe, expect, inject, it } from 'vitest';
import { TestFeedService, TestFollower } from './fixture/feed.js';
import type { FeedClient } from './fixture/feed-client.js';
import { now } from './fixture/responder.js';

const services: TestFeedService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

async function start(settings: Parameters<typeof TestFeedService.start>[1] = {}): Promise<TestFeedService> {
  const service = await TestFeedService.start(inject('databaseUrl'), settings);
  services.push(service);
  return service;
}

/** Reads on until the stream has told of the end of the chain. */
async function caughtUp(service: TestFeedService, client: FeedClient): Promise<void> {
  const end = `batch 1.${service.chain.sequence}`;
  while (!client.places.includes(end)) await client.next();
}

describe('a client that does not read', () => {
  it('is cut, and nobody else notices', async () => {
    const service = await start();
    const { feed } = service.running.responder;
    const reading = await Promise.all([1, 2, 3].map(() => service.follow(service.gateway())));
    const hanging = await service.follow(service.gateway());
    await hanging.next('head');
    hanging.pause();
    // 600 KiB a batch: more than sockets and kernels hold between us
    const seats = Array.from({ length: 200_000 }, (_, index) => index);
    while (feed.ended.slow === 0) {
      await service.revoke(seats);
      await Promise.all(reading.map((client) => caughtUp(service, client)));
      if (service.chain.sequence > 200) throw new Error('nobody was cut');
    }
    expect(feed.size).toBe(3);
    expect(feed.ended).toMatchObject({ slow: 1, left: 0 });
    expect(service.running.log.map(({ msg }) => msg)).toContain('a follower that does not read was cut');
    await service.publishHead();
    for (const client of reading) {
      await client.next('head');
      new TestFollower(service.infrastructure).take(...client.events.slice(0, 3));
      client.close();
    }
    hanging.close();
  });

  it('that comes back finds the snapshot shorter than what it missed', async () => {
    const service = await start();
    const client = await service.follow(service.gateway());
    const follower = new TestFollower(service.infrastructure);
    await client.next('head');
    client.close();
    follower.take(...client.events);
    for (let round = 0; round < 11; round += 1)
      await service.publish(...Array.from({ length: 100 }, (_, i) => service.chain.revoke(round * 100 + i)));
    await service.publishSnapshot();
    await service.publishHead();
    await service.knows(service.chain.sequence);
    const back = await service.follow(service.gateway(), follower.query);
    await back.next('head');
    const { sequence } = service.chain;
    expect(back.places).toEqual(['signer', `snapshot 1.${sequence}`, `head 1.${sequence}`]);
    follower.take(...back.events);
    expect(follower.journal.position).toMatchObject({ sequence });
    // who missed fewer goes on by batches
    const later = await service.follow(service.gateway(), `?epoch=1&after=${sequence - 900}`);
    await later.next('head');
    expect(later.events.filter(({ type }) => type === 'batch')).toHaveLength(900);
    for (const one of [back, later]) one.close();
  });
});

describe('without the database', () => {
  it('streams stay and nobody new is admitted once status is not proven; then all goes on by itself', async () => {
    const service = await start({ allowedLag: 1 });
    const client = await service.follow(service.gateway());
    await client.next('head');
    await service.database.allowConnections(false);
    await expect
      .poll(async () => (await service.poll(service.gateway())).status, { timeout: 10_000, interval: 100 })
      .toBe(503);
    const refused = await service.ask(service.gateway());
    expect(refused.body).toContain('STATUS_NOT_PROVEN');
    expect(refused.headers['retry-after']).toBe('5');
    expect(service.running.responder.feed.size).toBe(1);
    await service.database.allowConnections(true);
    await service.revoke(7);
    await client.next('batch');
    await expect
      .poll(async () => (await service.poll(service.gateway())).status, { timeout: 10_000, interval: 100 })
      .toBe(200);
    client.close();
  }, 30_000);
});

describe('a responder that stops', () => {
  it('ends its streams properly and at once, and answers polls; who comes back to the next one misses nothing', async () => {
    const service = await start();
    const client = await service.follow(service.gateway());
    const follower = new TestFollower(service.infrastructure);
    await client.next('head');
    follower.take(...client.events);
    const polled = service.poll(service.gateway(), follower.query);
    await expect.poll(() => service.running.responder.feed.size).toBe(2);
    const began = performance.now();
    const { feed } = service.running.responder;
    await service.running.close(10);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await client.ended).toBe(true);
    expect(await polled).toMatchObject({ status: 503, body: expect.stringContaining('FEED_CLOSING') });
    expect(feed.ended).toEqual({ left: 0, slow: 0, refused: 0, closing: 2 });

    await service.revoke(1);
    await service.publishHead();
    await service.restart();
    await service.knows(service.chain.sequence);
    const resumed = await service.follow(service.gateway(), follower.query);
    await resumed.next('head');
    expect(resumed.places).toEqual(['signer', 'batch 1.3', 'head 1.3']);
    follower.take(...resumed.events);
    resumed.close();
  });
});

describe('a feed', () => {
  it('that has nothing to say yet says so', async () => {
    const service = await start();
    await service.database.ca.query('TRUNCATE ca.status_snapshot');
    await service.restart();
    const refused = await service.ask(service.gateway());
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(refused.body).toContain('FEED_EMPTY');
    await service.publishSnapshot();
    await service.knows(service.chain.sequence);
    expect((await service.poll(service.gateway())).status).toBe(200);
  });

  it('that is full takes no more, whoever comes', async () => {
    const service = await start({ feedStreams: 2 });
    const clients = await Promise.all([1, 2].map(() => service.follow(service.gateway())));
    expect(await service.ask(service.gateway())).toMatchObject({
      status: 503,
      body: expect.stringContaining('FEED_FULL'),
    });
    clients[0]?.close();
    await expect.poll(() => service.running.responder.feed.size).toBe(1);
    expect((await service.poll(service.gateway())).status).toBe(200);
    clients[1]?.close();
  });

  it('relays nothing that no published key signed, and nothing of a journal that went back', async () => {
    const service = await start();
    const client = await service.follow(service.gateway());
    await client.next('head');
    const seen = client.events.length;
    // a head older than the last one, put there by force
    const { message, time } = service.chain.head(now() - 100);
    await service.database.ca.query('UPDATE ca.status_head SET time = $1, message = $2', [time, message]);
    await service.running.responder.feedHub.refresh();
    await service.database.ca.query('UPDATE ca.status_head SET epoch = 0');
    await service.database.ca.query('UPDATE ca.status_snapshot SET epoch = 0');
    await service.running.responder.feedHub.refresh();
    expect(service.running.log).toContainEqual(
      expect.objectContaining({
        msg: 'the status feed stands still',
        err: expect.objectContaining({ code: 'JOURNAL_WENT_BACK' }),
      }),
    );
    expect(client.events).toHaveLength(seen);
    client.close();
  });
});
