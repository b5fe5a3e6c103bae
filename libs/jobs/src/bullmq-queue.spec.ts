import { describe, expect, it } from 'vitest';
import { backoffMilliseconds, BullmqQueue, reasonOf } from './bullmq-queue.js';

// nothing listens on port 1
const unreachable = { databaseUrl: 'postgres://nobody@127.0.0.1:1/none', onError: () => undefined };

describe('BullmqQueue', () => {
  it.each(['', 'Crl', 'crl:publish', 'crl--publish', '-crl', 'crl publish'])(
    'refuses the queue name %j',
    async (name) => {
      const queue = new BullmqQueue(unreachable);
      await expect(queue.add(name, [])).rejects.toThrow(TypeError);
      await queue.close();
    },
  );

  it('refuses an empty key and one beyond 200 characters', async () => {
    const queue = new BullmqQueue(unreachable);
    await expect(queue.add('crl', [{ key: '', payload: {} }])).rejects.toThrow(TypeError);
    await expect(queue.add('crl', [{ key: 'k'.repeat(201), payload: {} }])).rejects.toThrow(TypeError);
    await queue.close();
  });

  it('refuses a schedule below a second or without a number', async () => {
    const queue = new BullmqQueue(unreachable);
    await expect(queue.schedule('crl', 'all', 0.5, {})).rejects.toThrow(TypeError);
    await expect(queue.schedule('crl', 'all', Number.NaN, {})).rejects.toThrow(TypeError);
    await queue.close();
  });

  it('says that the backend cannot be reached, to who adds and to who works', async () => {
    const queue = new BullmqQueue(unreachable);
    await expect(queue.add('crl', [{ key: 'a', payload: {} }])).rejects.toMatchObject({ code: 'JOBS_UNAVAILABLE' });
    const work = queue.work('crl', async () => undefined, { concurrency: 1 });
    await expect(work).rejects.toMatchObject({ code: 'JOBS_UNAVAILABLE', context: { queue: 'crl' } });
    await queue.close();
  });

  it('refuses to add after it was closed', async () => {
    const queue = new BullmqQueue(unreachable);
    await queue.close();
    const add = queue.add('crl', [{ key: 'a', payload: {} }]);
    await expect(add).rejects.toMatchObject({ code: 'JOBS_CLOSED' });
  });
});

describe('backoffMilliseconds', () => {
  it('doubles from the first delay and stays at the longest', () => {
    const retry = { attempts: 100, firstDelaySeconds: 0.5, maxDelaySeconds: 3 };
    expect([1, 2, 3, 4, 99].map((made) => backoffMilliseconds(retry, made))).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });
});

describe('reasonOf', () => {
  it('keeps the code or the class of an error and never its message', () => {
    expect(reasonOf(Object.assign(new Error('secret'), { code: 'STORE_UNAVAILABLE' }))).toBe('STORE_UNAVAILABLE');
    expect(reasonOf(new RangeError('secret'))).toBe('RangeError');
    expect(reasonOf('secret')).toBe('Error');
  });
});
