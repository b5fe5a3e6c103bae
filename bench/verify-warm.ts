import { openVerifier } from './load/verifier.js';
import { median } from './median.js';
import { report } from './report.js';

const DEVICES = 1024;
const PASSES = 200;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 15;

/** Row `verify-warm` of the table in docs/performance.md: certificates seen before; dates, status and age are looked at anew. */
export async function run(): Promise<void> {
  await using load = await openVerifier(DEVICES, DEVICES);
  const { verifier, devices, now } = load;
  const options = { at: now, purpose: 'client' } as const;
  const chains = devices.map(({ der }) => [der]);
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let pass = 0; pass < PASSES; pass++) {
      for (const chain of chains) if (!verifier.verify(chain, options).ok) throw new Error('refused');
    }
    const micros = Number(process.hrtime.bigint() - start) / 1000 / (PASSES * DEVICES);
    if (round >= 0) times.push(micros);
  }
  report({ bench: 'verify-warm', value: median(times), unit: 'µs', toReach: 3 });
}
