import { type JournalEntry, SeatValue } from '@touchmark/status-list';
import { describe, expect, it } from 'vitest';

import { type EndedBecause, type Standing, TrackedConnections } from './tracked-connections.js';

const issuerKeyId = new Uint8Array(32);
const CA = { issuerKeyId, seat: { listId: 1, index: 0 } };

function standing(index: number, notAfter = 100): Standing {
  return { notBefore: 0, notAfter, seats: [{ issuerKeyId, seat: { listId: 2, index } }, CA], asked: undefined };
}

function touching(listId: number, ...indexes: number[]): JournalEntry {
  return { kind: 'seats', listId, seats: indexes.map((index) => ({ index, value: SeatValue.invalid })) };
}

/** Connections whose certificates fall when the test says so; it counts who was looked at. */
class Watch {
  readonly fallen = new Set<number>();
  readonly looked: number[] = [];
  readonly ended: EndedBecause[] = [];
  readonly failures: unknown[] = [];
  readonly connections = new TrackedConnections({
    judge: ({ seats: [leaf] }) => {
      const index = leaf?.seat.index ?? -1;
      this.looked.push(index);
      return this.fallen.has(index) ? 'CERT_REVOKED' : undefined;
    },
    onEnded: (because) => this.ended.push(because),
    onFailed: (cause) => this.failures.push(cause),
  });
}

function connection(): { destroyed: number; destroy(): void } {
  return {
    destroyed: 0,
    destroy() {
      this.destroyed += 1;
    },
  };
}

describe('TrackedConnections', () => {
  it('looks only at those whose seats are touched, and ends each once', () => {
    const watch = new Watch();
    const all = [1, 2, 3].map((index) => {
      const one = connection();
      watch.connections.add(one, standing(index));
      return one;
    });
    watch.looked.length = 0;
    watch.fallen.add(2);
    watch.connections.checkTouched([touching(2, 2), touching(2, 2), touching(9, 1)]);
    expect(watch.looked).toEqual([2]);
    expect(all.map(({ destroyed }) => destroyed)).toEqual([0, 1, 0]);
    expect(watch.ended).toEqual(['CERT_REVOKED']);
    expect(watch.connections.size).toBe(2);
  });

  it('ends all connections of one certificate, and all under a CA that is touched', () => {
    const watch = new Watch();
    const all = [1, 1, 2].map((index) => {
      const one = connection();
      watch.connections.add(one, standing(index));
      return one;
    });
    watch.fallen.add(1);
    watch.connections.checkTouched([touching(2, 1)]);
    expect(all.map(({ destroyed }) => destroyed)).toEqual([1, 1, 0]);
    watch.fallen.add(2);
    watch.connections.checkTouched([touching(1, 0)]);
    expect(all.map(({ destroyed }) => destroyed)).toEqual([1, 1, 1]);
    expect(watch.connections.size).toBe(0);
  });

  it('looks at all when a list retires', () => {
    const watch = new Watch();
    for (const index of [1, 2]) watch.connections.add(connection(), standing(index));
    watch.looked.length = 0;
    watch.connections.checkTouched([{ kind: 'list-retired', listId: 7 }]);
    expect(watch.looked).toEqual([1, 2]);
  });

  it('looks at all when the first certificate is over, and not before', () => {
    const watch = new Watch();
    watch.connections.add(connection(), standing(1, 10));
    watch.connections.add(connection(), standing(2, 20));
    watch.looked.length = 0;
    watch.connections.checkDates(10);
    expect(watch.looked).toEqual([]);
    watch.fallen.add(1);
    watch.connections.checkDates(11);
    expect(watch.looked).toEqual([1, 2]);
    watch.connections.checkDates(20);
    expect(watch.looked).toEqual([1, 2]);
    watch.connections.checkDates(Number.NaN);
    expect(watch.looked).toEqual([1, 2, 2]);
  });

  it('forgets one that ended by itself, and says so once', () => {
    const watch = new Watch();
    const one = connection();
    const forget = watch.connections.add(one, standing(1));
    forget();
    forget();
    watch.fallen.add(1);
    watch.connections.checkAll();
    watch.connections.checkTouched([touching(2, 1)]);
    expect(one.destroyed).toBe(0);
    expect(watch.connections.size).toBe(0);
  });

  it('ends the others though one throws, or forgets itself, when it is destroyed', () => {
    const watch = new Watch();
    const one = connection();
    const forgets: (() => void)[] = [];
    watch.connections.add(
      {
        destroy: () => {
          throw new RangeError('no');
        },
      },
      standing(1),
    );
    forgets.push(watch.connections.add({ destroy: () => forgets.forEach((forget) => forget()) }, standing(1)));
    watch.connections.add(one, standing(1));
    watch.fallen.add(1);
    watch.connections.checkTouched([touching(2, 1)]);
    expect(one.destroyed).toBe(1);
    expect(watch.failures).toEqual([expect.any(RangeError)]);
    expect(watch.ended).toHaveLength(3);
  });
});
