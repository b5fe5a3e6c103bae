import { describe, expect, it } from 'vitest';

import { Denylist, uncheckedRevocation } from './denylist.js';
import type { RevocationSource } from './revocation-source.js';
import { SourceWatch } from './source-watch.js';

describe('SourceWatch', () => {
  it('asks when a source has changed, and each 30 seconds', () => {
    const denylist = new Denylist();
    const watch = new SourceWatch([denylist, ...uncheckedRevocation.sources]);
    const asked = [100, 101, 129, 130, 131].map((now) => watch.mayHaveChanged(now));
    expect(asked).toEqual([true, false, false, true, false]);
    denylist.set([]);
    expect([132, 133].map((now) => watch.mayHaveChanged(now))).toEqual([true, false]);
  });

  it('asks when the clock went back', () => {
    const watch = new SourceWatch([new Denylist()]);
    expect([100, 99, 99].map((now) => watch.mayHaveChanged(now))).toEqual([true, true, false]);
  });

  it('asks always with a source that does not count its changes, and never without sources', () => {
    const uncounted: RevocationSource = { kind: 'crl', find: () => ({ status: 'good' }) };
    const watch = new SourceWatch([new Denylist(), uncounted]);
    expect([1, 1].map((now) => watch.mayHaveChanged(now))).toEqual([true, true]);
    expect(new SourceWatch([]).mayHaveChanged(1)).toBe(false);
  });
});
