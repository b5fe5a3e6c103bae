import type { Queryable } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import { IssuedSeats } from './issued-seats.js';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const random = new Uint8Array(8).fill(1);

function setUp({ listsInMemory = 1 } = {}) {
  const world = { now: 1000, loads: [] as number[], loading: 0, most: 0, gate: Promise.resolve(), failing: false };
  // nothing was ever issued: every question goes to the database
  const db: Queryable = { query: async () => [] };
  const loadDb: Queryable = {
    async query(_sql, parameters = []) {
      world.loads.push(Number(parameters[0]));
      world.loading += 1;
      world.most = Math.max(world.most, world.loading);
      await world.gate;
      world.loading -= 1;
      if (world.failing) throw new Error('away');
      return [];
    },
  };
  const seats = new IssuedSeats(db, { listsInMemory, loadDb, now: () => world.now, log });
  const askOften = async (listId: number): Promise<void> => {
    for (let index = 0; index < 32; index++) expect(await seats.isIssued({ listId, index, random }, 100)).toBe(false);
  };
  return { world, askOften };
}

describe('IssuedSeats', () => {
  it('reads one list at a time, and answers meanwhile', async () => {
    const { world, askOften } = setUp({ listsInMemory: 4 });
    const { promise, resolve } = Promise.withResolvers<void>();
    world.gate = promise;
    for (const listId of [1, 2, 3]) await askOften(listId);
    expect(world.loads).toEqual([1]);
    resolve();
    await askOften(2);
    await askOften(3);
    expect([world.loads, world.most]).toEqual([[1, 2, 3], 1]);
  });

  it('pauses before it reads again a list that it dropped', async () => {
    const { world, askOften } = setUp();
    for (const listId of [1, 2, 1, 2, 1]) await askOften(listId);
    expect(world.loads).toEqual([1, 2]);
    world.now += 60;
    await askOften(1);
    expect(world.loads).toEqual([1, 2, 1]);
  });

  it('pauses before it reads again a list that could not be read', async () => {
    const { world, askOften } = setUp();
    world.failing = true;
    await askOften(1);
    await askOften(1);
    expect(world.loads).toEqual([1]);
    world.now += 60;
    await askOften(1);
    expect(world.loads).toEqual([1, 1]);
  });
});
