import {
  BullmqQueue,
  type BullmqQueueOptions,
  type Job,
  type JobsError,
  migrateJobs,
  OutboxRelay,
} from '@touchmark/jobs';
import { appendOutbox, countOutbox, Database, migrate } from '@touchmark/store';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { hasRedis, RedisServer } from './fixture/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../libs/testkit/src/test-database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  await migrate(database.url);
});
afterAll(async () => {
  await database.drop();
});

it('says that the migration is missing', async () => {
  const queue = new BullmqQueue({ databaseUrl: database.url, onError: () => undefined });
  const add = queue.add('early', [{ key: 'a', payload: {} }]);
  await expect(add).rejects.toMatchObject({ code: 'JOBS_NOT_MIGRATED' });
  await migrateJobs(database.url);
  await queue.add('early', [{ key: 'a', payload: {} }]);
  await expect(queue.counts('early')).resolves.toMatchObject({ waiting: 1 });
  await queue.close();
});

it('lets several processes migrate at once', async () => {
  const other = await createTestDatabase(inject('databaseUrl'));
  try {
    await Promise.all([migrateJobs(other.url), migrateJobs(other.url), migrateJobs(other.url)]);
    const queue = new BullmqQueue({ databaseUrl: other.url, onError: () => undefined });
    await expect(queue.counts('any')).resolves.toMatchObject({ waiting: 0 });
    await queue.close();
  } finally {
    await other.drop();
  }
});

describe('jobs in PostgreSQL', () => {
  suite({
    redisUrl: () => undefined,
    stored: (queue) => query('SELECT to_jsonb(job)::text FROM bullmq.job WHERE queue = $1', [queue]),
    breakConnections: async () => {
      await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    },
  });
});

const redisInstalled = hasRedis();
if (!redisInstalled && process.env.CI !== 'true') {
  console.warn('SKIPPED: jobs in Redis, because there is no redis-server here (apt-get install redis-server)');
}

describe.skipIf(!redisInstalled && process.env.CI !== 'true')('jobs in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.remove();
  });
  suite({
    redisUrl: () => redis.url,
    stored: (queue) => storedInRedis(redis.url, queue),
    breakConnections: () => redis.restart(),
  });
});

interface Backend {
  redisUrl(): string | undefined;
  /** All that it keeps about a queue's jobs, as text. */
  stored(queue: string): Promise<string>;
  breakConnections(): Promise<void>;
}

const until = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000, interval: 10 });

/** What holds on both backends. */
function suite(backend: Backend): void {
  let name: string;
  let queue: BullmqQueue;
  let errors: JobsError[];
  let count = 0;

  const open = (options: Partial<BullmqQueueOptions> = {}): BullmqQueue => {
    const redisUrl = backend.redisUrl();
    return new BullmqQueue({
      databaseUrl: database.url,
      ...(redisUrl !== undefined && { redisUrl }),
      onError: (error) => errors.push(error),
      retry: { attempts: 3, firstDelaySeconds: 0.01, maxDelaySeconds: 0.05 },
      ...options,
    });
  };
  const idle = { waiting: 0, active: 0, delayed: 0, failed: 0 };

  beforeEach(() => {
    name = `q${++count}`;
    errors = [];
    queue = open();
  });
  afterEach(async () => {
    await queue.close();
  });

  it('hands a job its payload, key and attempt, and forgets it when it is done', async () => {
    const seen: unknown[] = [];
    await queue.work(name, async (payload, job) => void seen.push([payload, job]), { concurrency: 1 });
    await queue.add(name, [{ key: 'list:7', payload: { list: 7, realm: 'a' } }]);
    await until(() => expect(seen).toHaveLength(1));
    const job: Job = { queue: name, key: 'list:7', attempt: 1, lastAttempt: false };
    expect(seen).toEqual([[{ list: 7, realm: 'a' }, job]]);
    await until(async () => expect(await queue.counts(name)).toEqual(idle));
  });

  it('makes one job of those with one key that wait, within one call and across calls', async () => {
    await queue.add(name, ['a', 'b', 'a'].map(jobOf));
    await queue.add(name, ['a', 'c'].map(jobOf));
    await expect(queue.counts(name)).resolves.toEqual({ ...idle, waiting: 3 });
    const keys: string[] = [];
    await queue.work(name, async (_payload, { key }) => void keys.push(key), { concurrency: 1 });
    await until(async () => expect(await queue.counts(name)).toEqual(idle));
    expect(keys).toEqual(['a', 'b', 'c']);
  });

  it('runs once more, after and not beside, when jobs are added while their key runs', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let started = 0;
    let running = 0;
    let most = 0;
    const handler = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await gates[started++]?.promise;
      running--;
    };
    await queue.work(name, handler, { concurrency: 4 });
    await queue.add(name, [jobOf('a')]);
    await until(() => expect(started).toBe(1));
    for (let i = 0; i < 5; i++) await queue.add(name, [jobOf('a')]);
    // another key passes, so nothing but its key holds the second run back
    await queue.add(name, [jobOf('b')]);
    await until(() => expect(started).toBe(2));
    gates[1]!.resolve();
    gates[0]!.resolve();
    await until(() => expect(started).toBe(3));
    await until(async () => expect(await queue.counts(name)).toEqual(idle));
    expect(started).toBe(3);
    expect(most).toBe(2);
  });

  it('runs once more also when the run during which the job was added gives up', async () => {
    const gate = Promise.withResolvers<void>();
    const attempts: number[] = [];
    const handler = async (_payload: unknown, job: Job): Promise<void> => {
      attempts.push(job.attempt);
      if (attempts.length === 3) await gate.promise;
      if (attempts.length <= 3) throw new Error('not yet');
    };
    await queue.work(name, handler, { concurrency: 1 });
    await queue.add(name, [jobOf('a')]);
    await until(() => expect(attempts).toEqual([1, 2, 3]));
    await queue.add(name, [jobOf('a')]);
    gate.resolve();
    await until(() => expect(attempts).toEqual([1, 2, 3, 1]));
    await until(async () => expect(await queue.counts(name)).toEqual({ ...idle, failed: 1 }));
  });

  it('never misses the last change, however changes and runs interleave', async () => {
    const keys = ['a', 'b', 'c'];
    const committed = new Map(keys.map((key) => [key, 0]));
    const seen = new Map<string, number>();
    const running = new Set<string>();
    const handler = async (_payload: unknown, { key }: Job): Promise<void> => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      const read = committed.get(key)!;
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      seen.set(key, read);
      running.delete(key);
    };
    const other = open();
    await queue.work(name, handler, { concurrency: 4 });
    await other.work(name, handler, { concurrency: 4 });
    for (let round = 0; round < 25; round++) {
      for (let change = 0; change < 1 + (round % 7); change++) {
        for (const key of keys) committed.set(key, committed.get(key)! + 1);
        await (change % 2 ? queue : other).add(name, keys.map(jobOf));
      }
      await until(() => expect(seen).toEqual(committed));
    }
    await other.close();
    expect(errors).toEqual([]);
  });

  it('retries what fails, keeps and counts what gives up, says both, and stores no message', async () => {
    const attempts: [number, boolean][] = [];
    let fails = true;
    const handler = async (_payload: unknown, { attempt, lastAttempt }: Job): Promise<void> => {
      attempts.push([attempt, lastAttempt]);
      if (fails) throw Object.assign(new Error('the secret'), { code: 'STORE_UNAVAILABLE' });
    };
    await queue.work(name, handler, { concurrency: 1 });
    await queue.add(name, [jobOf('a')]);
    await until(async () => expect(await queue.counts(name)).toEqual({ ...idle, failed: 1 }));
    expect(attempts).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(errors.map(({ code, context }) => [code, context.attempt])).toEqual([
      ['JOB_FAILED', 1],
      ['JOB_FAILED', 2],
      ['JOB_EXHAUSTED', 3],
    ]);
    const stored = await backend.stored(name);
    expect(stored).toContain('STORE_UNAVAILABLE');
    expect(stored).not.toContain('the secret');

    fails = false;
    await queue.retryFailed(name);
    await until(async () => expect(await queue.counts(name)).toEqual(idle));
    expect(attempts).toHaveLength(4);
  });

  it('lets a job that runs while its worker closes add another', async () => {
    const gate = Promise.withResolvers<void>();
    let started = false;
    const handler = async (): Promise<void> => {
      started = true;
      await gate.promise;
      await queue.add(`${name}-next`, [jobOf('b')]);
    };
    await queue.work(name, handler, { concurrency: 1 });
    await queue.add(name, [jobOf('a')]);
    await until(() => expect(started).toBe(true));
    const closing = queue.close();
    gate.resolve();
    await closing;
    const other = open();
    await expect(other.counts(name)).resolves.toEqual(idle);
    await expect(other.counts(`${name}-next`)).resolves.toEqual({ ...idle, waiting: 1 });
    await other.close();
  });

  it('takes a key again whose job gave up', async () => {
    let runs = 0;
    const handler = async (): Promise<void> => {
      if (++runs <= 3) throw new Error('no');
    };
    await queue.work(name, handler, { concurrency: 1 });
    await queue.add(name, [jobOf('a')]);
    await until(async () => expect(await queue.counts(name)).toEqual({ ...idle, failed: 1 }));
    await queue.add(name, [jobOf('a')]);
    await until(() => expect(runs).toBe(4));
  });

  it('repeats a scheduled job on one beat, however many schedule it', async () => {
    const other = open();
    const seen: unknown[] = [];
    await Promise.all([queue, other].map((q) => q.schedule(name, 'sweep', 1, { part: 1 })));
    await other.schedule(name, 'sweep', 1, { part: 1 });
    await queue.work(name, async (payload, { key }) => void seen.push([key, payload]), { concurrency: 1 });
    await until(() => expect(seen.length).toBeGreaterThanOrEqual(4));
    expect(new Set(seen.map((job) => JSON.stringify(job)))).toEqual(new Set(['["sweep",{"part":1}]']));
    await until(async () => expect(await queue.counts(name)).toEqual({ ...idle, delayed: 1 }));
    await other.close();
  });

  it('starts a scheduled job at once when its interval changes', async () => {
    let runs = 0;
    await queue.work(name, async () => void runs++, { concurrency: 1 });
    await queue.schedule(name, 'sweep', 3_600, {});
    await until(() => expect(runs).toBe(1));
    await queue.schedule(name, 'sweep', 7_200, {});
    await until(() => expect(runs).toBe(2));
  });

  it('waits on close for the job that runs', async () => {
    const gate = Promise.withResolvers<void>();
    const steps: string[] = [];
    const handler = async (): Promise<void> => {
      steps.push('started');
      await gate.promise;
      steps.push('ended');
    };
    await queue.work(name, handler, { concurrency: 1 });
    await queue.add(name, [jobOf('a')]);
    await until(() => expect(steps).toEqual(['started']));
    const closing = queue.close().then(() => steps.push('closed'));
    gate.resolve();
    await closing;
    expect(steps).toEqual(['started', 'ended', 'closed']);
  });

  it('goes on by itself after every connection broke, with the workers and queues it has', async () => {
    const keys: string[] = [];
    await queue.work(name, async (_payload, { key }) => void keys.push(key), { concurrency: 2 });
    await queue.add(name, [jobOf('before')]);
    await until(() => expect(keys).toEqual(['before']));
    await backend.breakConnections();
    await until(() => queue.add(name, [jobOf('after')]));
    await until(() => expect(keys).toContain('after'));
    expect(errors.every(({ code }) => code === 'JOBS_CONNECTION')).toBe(true);
  });

  describe('from the outbox', () => {
    let store: Database;
    let relay: OutboxRelay | undefined;
    const relayErrors: unknown[] = [];

    beforeEach(async () => {
      store = await Database.open({
        url: database.url,
        poolSize: 4,
        applicationName: 'test',
        onBackgroundError: () => undefined,
      });
    });
    afterEach(async () => {
      await relay?.stop();
      relay = undefined;
      await store.close();
    });
    const startRelay = async (): Promise<void> => {
      relay = await OutboxRelay.start({ database: store, queue, onError: (error) => relayErrors.push(error) });
    };

    it('starts a job by the notification of its commit, and waits for no poll', async () => {
      const started = new Set<string>();
      await queue.work(name, async (_payload, { key }) => void started.add(key), { concurrency: 4 });
      const onError = (error: unknown) => relayErrors.push(error);
      relay = await OutboxRelay.start({ database: store, queue, onError, pollSeconds: 3_600 });
      for (let i = 0; i < 30; i++) {
        const key = `k${i}`;
        await store.transaction((tx) => appendOutbox(tx, [{ queue: name, key, payload: { i } }]));
        await until(() => expect(started.has(key)).toBe(true));
      }
      expect(relayErrors).toEqual([]);
      expect(await countOutbox(store)).toBe(0);
    });

    it('moves thousands of rows, with two relays, and leaves none', async () => {
      const seen = new Set<string>();
      const jobs = Array.from({ length: 1_700 }, (_, i) => ({ queue: name, key: `k${i}`, payload: { i } }));
      await store.transaction((tx) => appendOutbox(tx, jobs));
      await startRelay();
      const second = await OutboxRelay.start({ database: store, queue, onError: (error) => relayErrors.push(error) });
      await queue.work(name, async (_payload, { key }) => void seen.add(key), { concurrency: 16 });
      await until(() => expect(seen.size).toBe(1_700));
      await second.stop();
      expect(await countOutbox(store)).toBe(0);
      expect(relayErrors).toEqual([]);
    });

    it('repeats a job and does not lose it when the relay dies between adding and committing', async () => {
      await store.transaction((tx) => appendOutbox(tx, [{ queue: name, key: 'a', payload: {} }]));
      const failed = Promise.withResolvers<unknown>();
      const crashing: Pick<Database, 'transaction' | 'listen'> = {
        listen: (channel, onNotify) => store.listen(channel, onNotify),
        transaction: (work) =>
          store.transaction(async (tx) => {
            await work(tx);
            throw new Error('crashed before commit');
          }),
      };
      const dying = await OutboxRelay.start({ database: crashing, queue, onError: failed.resolve });
      await failed.promise;
      await dying.stop();
      expect(await countOutbox(store)).toBe(1);
      await expect(queue.counts(name)).resolves.toEqual({ ...idle, waiting: 1 });

      await startRelay();
      await until(async () => expect(await countOutbox(store)).toBe(0));
      await expect(queue.counts(name)).resolves.toEqual({ ...idle, waiting: 1 });
    });
  });
}

const jobOf = (key: string): { key: string; payload: { id: string } } => ({ key, payload: { id: key } });

async function query(sql: string, parameters: string[] = []): Promise<string> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(sql, parameters);
  await client.end();
  return JSON.stringify(rows);
}

async function storedInRedis(url: string, queue: string): Promise<string> {
  const client = new Redis(url);
  const texts: string[] = [];
  for (const key of await client.keys(`touchmark:${queue}:*`)) {
    if ((await client.type(key)) === 'hash') texts.push(JSON.stringify(await client.hgetall(key)));
  }
  client.disconnect();
  return texts.join();
}
