import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { openVerifier } from './load/verifier.js';
import { report } from './report.js';

const CONNECTIONS = 10_000;

/**
 * What 10,000 connections of as many devices keep in memory, heap and buffers, from before the first is judged. The answers are let
 * go, as a gateway lets them go, and nothing but the last known path is remembered: that memory has a bound of its own
 * (`maxKnownCertificates`), and what comes with it stands beside.
 */
export async function run(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const alone = await grownBy(collect, 1);
  const remembered = await grownBy(collect, CONNECTIONS + 1);
  report({
    bench: 'tracked-connections',
    value: alone / 1e6,
    unit: 'MB',
    connections: CONNECTIONS,
    octetsEach: Math.round(alone / CONNECTIONS),
    withKnownPathsMB: Number((remembered / 1e6).toPrecision(3)),
    toReach: 10,
  });
}

async function grownBy(collect: () => void, maxKnownCertificates: number): Promise<number> {
  await using load = await openVerifier(CONNECTIONS + 1, maxKnownCertificates);
  const { verifier, devices, now } = load;
  const connections = devices.map(() => ({ destroy: () => undefined }));
  const used = async (): Promise<number> => {
    // what is collected first frees its octets in another thread, and what is known weakly only afterwards
    for (let round = 0; round < 4; round++) {
      collect();
      await setTimeout(100);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  // as a gateway keeps them, to call when a connection ends
  const forget: (() => void)[] = [];
  const judge = (n: number): void => {
    const device = devices[n];
    const connection = connections[n];
    if (device === undefined || connection === undefined) throw new TypeError('a device for each connection');
    const answer = verifier.verify([device.der], { at: now, purpose: 'client' });
    if (!answer.ok) throw answer.error;
    forget.push(verifier.track(connection, answer));
  };
  // what is made once, the imported keys of the CAs among it
  judge(CONNECTIONS);
  const before = await used();
  for (let n = 0; n < CONNECTIONS; n++) judge(n);
  const after = await used();
  for (const end of forget) end();
  return after - before;
}
