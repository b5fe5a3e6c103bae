import { LIST_SIZE } from '@touchmark/status-list';
import type { NumberedEntry } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import { cutBatches } from './journal-chain.js';

const common = { listId: 7, bucket: 'never', authorityCertificate: new Uint8Array() };
const lease = (sequence: number): NumberedEntry => ({ ...common, kind: 'block-leased', leasedTo: sequence, sequence });
const seats = (sequence: number, count: number): NumberedEntry => ({
  ...common,
  kind: 'seats',
  sequence,
  indexes: Array.from({ length: count }, (_, i) => i),
  values: Array.from({ length: count }, () => 1),
});

const sizes = (entries: readonly NumberedEntry[]): number[] => cutBatches(entries).map((batch) => batch.length);

describe('entries of the journal', () => {
  it('that are few make one batch; none make none', () => {
    expect(sizes([lease(1), lease(2)])).toEqual([2]);
    expect(sizes([])).toEqual([]);
  });

  it('are cut at a thousand', () => {
    expect(sizes(Array.from({ length: 2500 }, (_, i) => lease(i + 1)))).toEqual([1000, 1000, 500]);
  });

  it('are cut before a mebibyte; a greater entry is a batch of its own, with nothing before or behind it', () => {
    const half = 180_000;
    expect(sizes([seats(1, half), seats(2, half), seats(3, 10)])).toEqual([1, 2]);
    expect(sizes([lease(1), seats(2, LIST_SIZE), lease(3)])).toEqual([1, 1, 1]);
  });

  it('stay in their order, each once', () => {
    const entries = [lease(1), seats(2, LIST_SIZE), lease(3), seats(4, 5)];
    expect(cutBatches(entries).flat()).toEqual(entries);
  });
});
