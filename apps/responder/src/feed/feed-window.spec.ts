import { TestCa, TestStatusChain, TestStatusSigner } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { batchMessage, type FeedMessage, headMessage, snapshotMessage } from './feed-message.js';
import { FeedWindow } from './feed-window.js';

const signer = new TestStatusSigner(TestCa.root(), 'devices.test');
const NOW = 1_800_000_000;
const MIB = 2 ** 20;

/** A window over entries 1 and 2, which are one batch, with a snapshot behind them; then `more` batches of one entry. */
function windowOf(more: number, limits = { batches: 1_000, octets: MIB }): [FeedWindow, TestStatusChain] {
  const chain = new TestStatusChain(signer);
  const window = new FeedWindow(snapshotMessage(chain.snapshot(NOW)), 0, limits);
  window.add(batchMessage(chain.opening));
  for (let i = 0; i < more; i += 1) window.add(batchMessage(chain.revoke(i)));
  return [window, chain];
}

const placesOf = (messages: readonly FeedMessage[] | undefined): string[] | undefined =>
  messages?.map(({ type, sequence }) => `${type} ${sequence}`);

describe('what a follower needs', () => {
  it('is the batches behind its position, and the head', () => {
    const [window, chain] = windowOf(2);
    expect(window.takeHead(headMessage(chain.head(NOW)))).toBe(true);
    expect(placesOf(window.since({ epoch: 1, sequence: 2 }))).toEqual(['batch 3', 'batch 4', 'head 4']);
    expect(placesOf(window.since({ epoch: 1, sequence: 0 }))).toEqual(['batch 2', 'batch 3', 'batch 4', 'head 4']);
    expect(placesOf(window.since({ epoch: 1, sequence: 4 }))).toEqual(['head 4']);
  });

  it.each([
    ['no position', undefined],
    ['a position inside of a batch', { epoch: 1, sequence: 1 }],
    ['a position in the future', { epoch: 1, sequence: 99 }],
    ['a position of an epoch that ended', { epoch: 0, sequence: 2 }],
    ['a position of an epoch that is to come', { epoch: 2, sequence: 2 }],
  ])('is the snapshot and what is behind it for %s', (_name, position) => {
    const [window] = windowOf(2);
    expect(placesOf(window.since(position))).toEqual(['snapshot 2', 'batch 3', 'batch 4']);
  });

  it('is the snapshot where more batches are missing than the limit', () => {
    const [window, chain] = windowOf(3, { batches: 2, octets: MIB });
    expect(placesOf(window.since({ epoch: 1, sequence: 3 }))).toEqual(['batch 4', 'batch 5']);
    expect(window.takeSnapshot(snapshotMessage(chain.snapshot(NOW)))).toBe(true);
    expect(placesOf(window.since({ epoch: 1, sequence: 2 }))).toEqual(['snapshot 5']);
    expect(placesOf(window.since({ epoch: 1, sequence: 3 }))).toEqual(['batch 4', 'batch 5']);
  });

  it('has no head that says less than the batches', () => {
    const [window, chain] = windowOf(0);
    window.takeHead(headMessage(chain.head(NOW)));
    window.add(batchMessage(chain.revoke(1)));
    expect(window.head).toBeUndefined();
    expect(placesOf(window.since({ epoch: 1, sequence: 2 }))).toEqual(['batch 3']);
  });
});

describe('a window', () => {
  it('keeps every batch behind its snapshot, however many, and drops older ones beyond either limit', () => {
    for (const limits of [
      { batches: 1, octets: MIB },
      { batches: 99, octets: 1 },
    ]) {
      const [window, chain] = windowOf(3, limits);
      expect(placesOf(window.after(2))).toEqual(['batch 3', 'batch 4', 'batch 5']);
      expect(window.after(0)).toBeUndefined();
      window.takeSnapshot(snapshotMessage(chain.snapshot(NOW)));
      window.add(batchMessage(chain.revoke(9)));
      expect(placesOf(window.after(5))).toEqual(['batch 6']);
      expect(window.after(4)).toBeUndefined();
      expect(window.end).toBe(6);
    }
  });

  it('refuses a batch that does not continue it', () => {
    const [window, chain] = windowOf(0);
    chain.revoke(1);
    const later = batchMessage(chain.revoke(2));
    expect(window.continues(later)).toBe(false);
    expect(() => window.add(later)).toThrow(TypeError);
    const other = new TestStatusChain(signer, { epoch: 2 });
    expect(window.continues(batchMessage(other.opening))).toBe(false);
  });

  it('takes no snapshot that stands where no batch ends, and none of another epoch', () => {
    const [window, chain] = windowOf(0);
    chain.revoke(1);
    const ahead = chain.snapshot(NOW);
    expect(window.takeSnapshot(snapshotMessage(ahead))).toBe(false);
    expect(window.takeSnapshot(snapshotMessage({ ...chain.snapshot(NOW), epoch: 2, sequence: 2 }))).toBe(false);
    expect(window.snapshot.sequence).toBe(2);
  });

  it('takes only heads of its end that are later than the last', () => {
    const [window, chain] = windowOf(0);
    const late = headMessage(chain.head(NOW + 2));
    expect(window.takeHead(late)).toBe(true);
    expect(window.takeHead(late)).toBe(false);
    expect(window.takeHead(headMessage(chain.head(NOW + 1)))).toBe(false);
    chain.revoke(1);
    expect(window.takeHead(headMessage(chain.head(NOW + 3)))).toBe(false);
    expect(window.time).toBe(NOW + 2);
  });

  it('does not begin behind its snapshot', () => {
    const snapshot = snapshotMessage(new TestStatusChain(signer).snapshot(NOW));
    expect(() => new FeedWindow(snapshot, 3, { batches: 1, octets: 1 })).toThrow(TypeError);
  });
});
