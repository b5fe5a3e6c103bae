import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CrlUpkeep } from './crl-upkeep.js';

let upkeep: CrlUpkeep;
let made: PromiseWithResolvers<number>[];
let errors: unknown[];
beforeEach(() => {
  vi.useFakeTimers();
  [made, errors] = [[], []];
  const makeDue = (): Promise<number> => {
    const next = Promise.withResolvers<number>();
    made.push(next);
    return next.promise;
  };
  upkeep = new CrlUpkeep({ makeDue }, (error) => errors.push(error));
});
afterEach(() => vi.useRealTimers());

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('CrlUpkeep', () => {
  it('looks at the start, and every 15 seconds, a failure or not', async () => {
    upkeep.start();
    expect(made).toHaveLength(1);
    made[0]?.reject(new Error('away'));
    await vi.advanceTimersByTimeAsync(14_999);
    expect(made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(made).toHaveLength(2);
    expect(errors).toEqual([new Error('away')]);
  });

  it('is woken; once more afterwards where it was looking, however often', async () => {
    upkeep.start();
    upkeep.wake();
    upkeep.wake();
    expect(made).toHaveLength(1);
    made[0]?.resolve(1);
    await settle();
    expect(made).toHaveLength(2);
    made[1]?.resolve(0);
    await settle();
    expect(made).toHaveLength(2);
    upkeep.wake();
    expect(made).toHaveLength(3);
  });

  it('stopped: waits for what is being made, and looks no more', async () => {
    upkeep.wake();
    expect(made).toHaveLength(0);
    upkeep.start();
    upkeep.wake();
    let stopped = false;
    const stopping = upkeep.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    made[0]?.resolve(1);
    await stopping;
    upkeep.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made).toHaveLength(1);
  });
});
