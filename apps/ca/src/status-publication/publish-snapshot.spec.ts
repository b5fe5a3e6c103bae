import { describe, expect, it } from 'vitest';
import { isSnapshotDue } from './publish-snapshot.js';

const schedule = { snapshotEvery: 600, snapshotAfter: 2 };
const snapshot = { sequence: 7, asOf: 1000 };

describe('isSnapshotDue', () => {
  it.each([
    ['where there is none', { sequence: 7, time: 1000, snapshot: undefined }, 0, true],
    ['a second after a change', { sequence: 8, time: 1001, snapshot }, 0.01, false],
    ['two seconds after a change', { sequence: 8, time: 1002, snapshot }, 0.01, true],
    ['after a change, soon after one that took half a second', { sequence: 8, time: 1014, snapshot }, 0.5, false],
    ['after a change, thirty times as long after as it took', { sequence: 8, time: 1015, snapshot }, 0.5, true],
    ['without a change', { sequence: 7, time: 1599, snapshot }, 0.01, false],
    ['without a change for long', { sequence: 7, time: 1600, snapshot }, 0.01, true],
  ])('%s', (_when, published, took, due) => {
    expect(isSnapshotDue(published, schedule, took)).toBe(due);
  });
});
