import { hash } from 'node:crypto';

import { openVerifier } from './load/verifier.js';
import { median } from './median.js';
import { report } from './report.js';

const DEVICES = 1024;
const PASSES = 100;
const WARM_UP_ROUNDS = 3;
const ROUNDS = 15;

/**
 * Row `verify-warm` of the table in docs/performance.md: certificates seen before; dates, status and age are looked at anew. The
 * bound is absolute. Beside the time stand the processor's, which others on the machine disturb less, and what the SHA-256 of a
 * certificate costs alone in the same run.
 */
export async function run(): Promise<void> {
  await using load = await openVerifier(DEVICES, DEVICES);
  const { verifier, devices, now } = load;
  const options = { at: now, purpose: 'client' } as const;
  const chains = devices.map(({ der }) => [der]);
  const own: Cost[] = [];
  const hashes: Cost[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const ours = costOf(() => {
      for (const chain of chains) if (!verifier.verify(chain, options).ok) throw new Error('refused');
    });
    const hashing = costOf(() => {
      for (const { der } of devices) hash('sha256', der, 'binary');
    });
    if (round < 0) continue;
    own.push(ours);
    hashes.push(hashing);
  }
  const micros = (costs: readonly Cost[], of: keyof Cost): number =>
    Number(median(costs.map((c) => c[of])).toPrecision(3));
  report({
    bench: 'verify-warm',
    value: micros(own, 'wall'),
    unit: 'µs',
    processorMicros: micros(own, 'processor'),
    sha256ProcessorMicros: micros(hashes, 'processor'),
    toReach: 3,
  });
}

/** Microseconds a certificate. */
interface Cost {
  readonly wall: number;
  readonly processor: number;
}

function costOf(once: () => void): Cost {
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  for (let pass = 0; pass < PASSES; pass++) once();
  const { user, system } = process.cpuUsage(before);
  const wall = Number(process.hrtime.bigint() - start) / 1000;
  return { wall: wall / (PASSES * DEVICES), processor: (user + system) / (PASSES * DEVICES) };
}
