import { describe, expect, it } from 'vitest';
import { SharedRefresh } from './shared-refresh.js';

function refreshOf(read: () => Promise<void>): { refresh: SharedRefresh; said: string[] } {
  const said: string[] = [];
  const note = (_fields: object, text: string): void => void said.push(text);
  return { refresh: new SharedRefresh('CRLs', read, { info: note, warn: note, error: note }), said };
}

describe('SharedRefresh', () => {
  it('reads once for all who ask meanwhile, and anew for who asks afterwards', async () => {
    const first = Promise.withResolvers<void>();
    let readings = 0;
    const { refresh } = refreshOf(() => {
      readings += 1;
      return first.promise;
    });
    const both = [refresh.run(), refresh.run()];
    first.resolve();
    await Promise.all([...both, refresh.settled()]);
    expect(readings).toBe(1);
    await refresh.run();
    expect(readings).toBe(2);
  });

  it('never rejects; says a failure once, and once that it is over', async () => {
    let fails = true;
    const { refresh, said } = refreshOf(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve()));
    await refresh.run();
    await refresh.run();
    fails = false;
    await refresh.run();
    await refresh.run();
    expect(said).toEqual(['CRLs can no longer be refreshed', 'CRLs are refreshed again']);
  });
});
