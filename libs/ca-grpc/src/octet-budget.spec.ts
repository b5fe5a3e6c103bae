import { describe, expect, it } from 'vitest';
import { type Lease, OctetBudget } from './octet-budget.js';

/** Which of these were granted, in turn. */
async function granted(...leases: readonly Lease[]): Promise<boolean[]> {
  const waits = Symbol('waits');
  return Promise.all(
    leases.map(async (lease) => (await Promise.race([lease.granted, Promise.resolve(waits)])) !== waits),
  );
}

describe('OctetBudget', () => {
  it('grants what is left, and what is given back to whoever waits', async () => {
    const budget = new OctetBudget(10);
    const [first, second] = [budget.lease(6), budget.lease(6)];
    expect(await granted(first, second)).toEqual([true, false]);
    first.shrinkTo(5);
    expect(await granted(second)).toEqual([false]);
    first.shrinkTo(4);
    expect(await granted(second)).toEqual([true]);
  });

  it('keeps the order: a small one does not pass a large one', async () => {
    const budget = new OctetBudget(10);
    const [first, large, small] = [budget.lease(6), budget.lease(8), budget.lease(1)];
    expect(await granted(large, small)).toEqual([false, false]);
    first.release();
    expect(await granted(large, small)).toEqual([true, true]);
  });

  it('one that is released before its turn makes room in the line and takes nothing', async () => {
    const budget = new OctetBudget(10);
    const [first, gone, last] = [budget.lease(10), budget.lease(10), budget.lease(10)];
    gone.release();
    first.release();
    expect(await granted(gone, last)).toEqual([false, true]);
    last.release();
    expect(await granted(budget.lease(10))).toEqual([true]);
  });

  it('gives back once, however often it is told', async () => {
    const budget = new OctetBudget(10);
    const first = budget.lease(4);
    first.release();
    first.release();
    first.shrinkTo(0);
    const [second, third] = [budget.lease(10), budget.lease(1)];
    expect(await granted(second, third)).toEqual([true, false]);
  });

  it('never grows what is held', async () => {
    const budget = new OctetBudget(10);
    const [first, second] = [budget.lease(4), budget.lease(6)];
    first.shrinkTo(9);
    expect(await granted(second, budget.lease(1))).toEqual([true, false]);
  });
});
