import { describe, expect, it } from 'vitest';
import { type RefusalCause, RefusalQuota } from './refusal-quota.js';

function setup() {
  const clock = { now: 600 };
  const quota = new RefusalQuota(() => clock.now);
  const admitted = (count: number, cause: (i: number) => RefusalCause): number =>
    Array.from({ length: count }, (_, i) => quota.admit(cause(i))).filter(Boolean).length;
  return { clock, admitted };
}

const device = (name: string): RefusalCause => ({ deviceRef: name, batchId: null });

describe('RefusalQuota', () => {
  it('one device: ten a minute, and another one is not hindered', () => {
    const { clock, admitted } = setup();
    expect(admitted(1000, () => device('a'))).toBe(10);
    expect(admitted(1000, () => device('b'))).toBe(10);
    clock.now += 60;
    expect(admitted(1000, () => device('a'))).toBe(10);
  });

  it('nobody in particular: sixty a minute', () => {
    expect(setup().admitted(1000, () => ({ deviceRef: null, batchId: null }))).toBe(60);
  });

  it('one batch: 120 a minute, whatever devices it names', () => {
    const { admitted } = setup();
    expect(admitted(1000, (i) => ({ deviceRef: `${i}`, batchId: 'a' }))).toBe(120);
    expect(admitted(1000, () => ({ deviceRef: null, batchId: 'b' }))).toBe(120);
  });

  it('all together: 300 a minute', () => {
    expect(setup().admitted(1000, (i) => device(`${i}`))).toBe(300);
  });
});
