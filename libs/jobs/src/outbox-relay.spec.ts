import type { OutboxJob, Transaction } from '@touchmark/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobInput } from './job-queue.js';
import { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';

const job = (key: string, queue = 'crl'): OutboxJob => ({ queue, key, payload: { key } });

/** An outbox in memory: rows are gone when the work of a transaction succeeds. */
class FakeOutbox {
  rows: OutboxJob[] = [];
  rounds = 0;
  notify: () => void = () => undefined;
  closed = false;

  readonly database: OutboxRelayOptions['database'] = {
    transaction: async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
      this.rounds++;
      const taken = this.rows.slice(0, 500);
      // typed by nobody, as what comes from a driver
      const query = async <Row>(): Promise<Row[]> => JSON.parse(JSON.stringify(taken));
      const result = await work({ inTransaction: true, query });
      this.rows = this.rows.filter((row) => !taken.includes(row));
      return result;
    },
    listen: async (_channel, onNotify) => {
      this.notify = () => onNotify('');
      return { close: async () => void (this.closed = true) };
    },
  };
}

/** Until the relay has rested from a round that found nothing. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);

describe('OutboxRelay', () => {
  let outbox: FakeOutbox;
  let added: [string, string[]][];
  let errors: unknown[];
  let add: (queue: string, jobs: readonly JobInput[]) => Promise<void>;
  let relay: OutboxRelay;

  const start = async (): Promise<void> => {
    relay = await OutboxRelay.start({
      database: outbox.database,
      queue: { add: (queue, jobs) => add(queue, jobs) },
      onError: (error) => errors.push(error),
      pollSeconds: 5,
    });
  };
  beforeEach(() => {
    vi.useFakeTimers();
    outbox = new FakeOutbox();
    added = [];
    errors = [];
    add = async (queue, jobs) => void added.push([queue, jobs.map((j) => j.key)]);
  });
  afterEach(async () => {
    await relay.stop();
    vi.useRealTimers();
  });

  it('hands over at start what was left, queue by queue', async () => {
    outbox.rows = [job('1'), job('2', 'webhook'), job('3')];
    await start();
    await settle();
    expect(added).toEqual([
      ['crl', ['1', '3']],
      ['webhook', ['2']],
    ]);
    expect(outbox.rows).toEqual([]);
  });

  it('wakes when it is notified and not before', async () => {
    await start();
    await settle();
    outbox.rows = [job('1')];
    await settle();
    expect(added).toEqual([]);
    outbox.notify();
    await settle();
    expect(added).toEqual([['crl', ['1']]]);
  });

  it('looks again at once when it was notified during a round', async () => {
    outbox.rows = [job('1')];
    add = async (queue, jobs) => {
      added.push([queue, jobs.map((j) => j.key)]);
      if (added.length > 1) return;
      outbox.rows.push(job('2'));
      outbox.notify();
    };
    await start();
    await settle();
    expect(added).toEqual([
      ['crl', ['1']],
      ['crl', ['2']],
    ]);
  });

  it('finds by itself what no notification told', async () => {
    await start();
    await settle();
    outbox.rows = [job('1')];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(added).toEqual([['crl', ['1']]]);
  });

  it('works little for who only notifies: a round that finds nothing is followed by a rest', async () => {
    await start();
    for (let millisecond = 0; millisecond < 1_000; millisecond++) {
      outbox.notify();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(outbox.rounds).toBeGreaterThan(10);
    expect(outbox.rounds).toBeLessThanOrEqual(51);
  });

  it('goes on without a pause while rounds are full', async () => {
    outbox.rows = Array.from({ length: 1_200 }, (_, i) => job(String(i)));
    await start();
    await settle();
    expect(added.map(([, keys]) => keys.length)).toEqual([500, 500, 200]);
  });

  it('keeps the rows when the queue refuses, reports it, and tries again later and later', async () => {
    const refusal = new Error('away');
    add = async () => Promise.reject(refusal);
    outbox.rows = [job('1')];
    await start();
    await vi.advanceTimersByTimeAsync(0);
    expect(errors).toEqual([refusal]);
    expect(outbox.rows).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(errors).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(499);
    expect(errors).toHaveLength(2);
    add = async (queue, jobs) => void added.push([queue, jobs.map((j) => j.key)]);
    await vi.advanceTimersByTimeAsync(1);
    expect(added).toEqual([['crl', ['1']]]);
    expect(outbox.rows).toEqual([]);
  });

  it('lets no notification shorten its backoff', async () => {
    add = async () => Promise.reject(new Error('away'));
    outbox.rows = [job('1')];
    await start();
    await settle();
    outbox.notify();
    await settle();
    expect(outbox.rounds).toBe(1);
  });

  it('finishes the round when it is stopped and starts no other', async () => {
    const answer = Promise.withResolvers<void>();
    add = async (queue, jobs) => {
      await answer.promise;
      added.push([queue, jobs.map((j) => j.key)]);
    };
    outbox.rows = Array.from({ length: 501 }, (_, i) => job(String(i)));
    await start();
    await settle();
    let stopped = false;
    const stopping = relay.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    answer.resolve();
    await stopping;
    expect(outbox.closed).toBe(true);
    expect(added).toHaveLength(1);
    expect(outbox.rows).toHaveLength(1);
  });
});
