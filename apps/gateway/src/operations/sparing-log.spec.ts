import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SparingLog } from './sparing-log.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup() {
  const lines: unknown[] = [];
  const log = new SparingLog({ info: (fields: unknown) => void lines.push(fields) });
  return { lines, log };
}

describe('SparingLog', () => {
  it('has one line of each kind at once, and one a second with how many more there were', () => {
    const { lines, log } = setup();
    for (let i = 0; i < 50; i++) log.info('A', { i }, 'refused');
    log.info('B', { i: 0 }, 'refused');
    expect(lines).toEqual([{ i: 0 }, { i: 0 }]);
    vi.advanceTimersByTime(1_000);
    expect(lines.slice(2)).toEqual([{ kind: 'A', more: 49 }]);
    log.info('A', { i: 51 }, 'refused');
    expect(lines).toHaveLength(3);
    vi.advanceTimersByTime(1_000);
    expect(lines.slice(3)).toEqual([{ kind: 'A', more: 1 }]);
  });

  it('begins anew after a second without', () => {
    const { lines, log } = setup();
    log.info('A', { i: 1 }, 'refused');
    vi.advanceTimersByTime(1_000);
    log.info('A', { i: 2 }, 'refused');
    expect(lines).toEqual([{ i: 1 }, { i: 2 }]);
  });
});
