import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { SeatValue } from '@touchmark/status-list';
import { generateTestKey, hostileVariants, TestCa } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

/** Milliseconds of processor time, so that a busy machine does not count. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose_gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('no collector');
  collect();
  return process.memoryUsage().heapUsed;
}

describe('What it costs', () => {
  it('chains of hostile DER are refused, each within bounds, and never throw', async () => {
    await using gateway = await TestGateway.start();
    const { status, clock } = gateway;
    const verifier = await gateway.open();
    const device = status.issueDevice('A-1');
    const genuine = Buffer.from(device.der);
    const filler = Buffer.alloc(15_000, 0x30);
    const [leaves, issuers] = [hostileVariants(device.der, 1), hostileVariants(status.ldevid.der, 2)];
    const costs: number[] = [];
    const accepted: Uint8Array[] = [];
    for (let i = 0; i < 1500; i += 1) {
      const leaf = leaves.next().value;
      const chain = [leaf, issuers.next().value, issuers.next().value, filler, filler, filler];
      costs.push(
        cost(() => {
          if (verifier.verify(chain, { at: clock.now, purpose: 'client' }).ok) accepted.push(leaf);
        }),
      );
    }
    expect(accepted.filter((der) => Buffer.compare(der, genuine) !== 0)).toEqual([]);
    expect(Math.max(...costs)).toBeLessThan(50);
  });

  it('a chain of CAs that could all have signed one another is given up', async () => {
    await using gateway = await TestGateway.start();
    const { clock } = gateway;
    const verifier = await gateway.open();
    const cas = Array.from({ length: 9 }, () => TestCa.root({ subject: 'Twin', key: generateTestKey('EC P-521') }));
    const chain = [
      TestCa.root({ subject: 'Twin', key: generateTestKey('EC P-521') }).issue().der,
      ...cas.map(({ der }) => der),
    ];
    let code = '';
    const spent = cost(() => {
      const answer = verifier.verify(chain, { at: clock.now, purpose: 'client' });
      code = answer.ok ? 'accepted' : answer.error.code;
    });
    expect(code).not.toBe('accepted');
    expect(spent).toBeLessThan(250);
  });

  it(
    '10,000 tracked connections take less than 10 MB, and one that falls is found among them',
    { timeout: 180_000 },
    async () => {
      await using gateway = await TestGateway.start();
      const { status, feed, clock } = gateway;
      const verifier = await gateway.open();
      const key = generateTestKey();
      const devices = Array.from({ length: 10_000 }, (_, n) => status.issueDevice(`A-${n}`, { key }));
      const answers = devices.flatMap(({ der }) => {
        const answer = verifier.verify([der], { at: clock.now, purpose: 'client' });
        return answer.ok ? [answer] : [];
      });
      expect(answers).toHaveLength(10_000);
      const ended: number[] = [];
      const connections = answers.map((_, n) => ({ destroy: () => void ended.push(n) }));
      const before = heapAfterCollection();
      const forgets = answers.map((answer, n) =>
        verifier.track(connections[n] ?? { destroy: () => undefined }, answer),
      );
      expect(heapAfterCollection() - before).toBeLessThan(10e6);
      const fallen = devices[7777];
      if (fallen === undefined) throw new TypeError('no such device');
      feed.send('batch', status.change(fallen, SeatValue.invalid));
      await gateway.caughtUp(verifier);
      expect(ended).toEqual([7777]);
      for (const forget of forgets) forget();
    },
  );
});
