import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { TestFeedService } from './fixture/feed.js';
import { ManyFollowers, microseconds } from './fixture/many-followers.js';

const GATEWAYS = 250;
const STREAMS_EACH = 4;
const MIB = 2 ** 20;

let service: TestFeedService;
beforeAll(async () => {
  service = await TestFeedService.start(inject('databaseUrl'));
});
afterAll(() => service?.close());

const ms = (micros: number): number => Math.round(micros / 1_000);
const memory = (): number => process.memoryUsage().rss / MIB;

it('one process tells 1,000 followers of a batch, at a cost that leaves room for all else', async () => {
  const gateways = Array.from({ length: GATEWAYS }, () => service.gateway());
  const { feed } = service.running.responder;
  const [memoryBefore, cpuBefore, began] = [memory(), process.cpuUsage(), microseconds()];
  const followers = await ManyFollowers.start({
    url: service.url(),
    ca: service.serverCa,
    gateways,
    streamsEach: STREAMS_EACH,
  });
  const opening = process.cpuUsage(cpuBefore);
  const [opened, memoryOpen] = [microseconds() - began, memory()];
  try {
    expect(feed.size).toBe(GATEWAYS * STREAMS_EACH);
    const cpu = process.cpuUsage();
    await service.publishHead();
    const told = followers.told();
    const sent = microseconds();
    await service.revoke(1);
    const arrivals = await told;
    const telling = process.cpuUsage(cpu);
    expect(arrivals).toHaveLength(GATEWAYS * STREAMS_EACH);
    const last = Math.max(...arrivals) - sent;
    // most of what it takes here are other processes; with the machine to itself it is a tenth of a second
    expect(last).toBeLessThan(5_000_000);
    // a stream costs its TLS state; nothing is kept for it besides
    expect((memoryOpen - memoryBefore) / GATEWAYS / STREAMS_EACH).toBeLessThan(0.5);
    expect(feed.ended).toEqual({ left: 0, slow: 0, refused: 0, closing: 0 });
    console.log(
      `1,000 followers: open after ${ms(opened)} ms with ${ms(opening.user + opening.system)} ms of CPU and ` +
        `${Math.round(memoryOpen - memoryBefore)} MiB; a head and a batch to all: ${ms(last)} ms, ` +
        `${ms(telling.user + telling.system)} ms of CPU`,
    );
  } finally {
    await followers.close();
  }
  await expect.poll(() => feed.size).toBe(0);
  expect(feed.ended.left).toBe(GATEWAYS * STREAMS_EACH);
}, 60_000);
