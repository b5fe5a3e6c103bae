import { Worker } from 'node:worker_threads';
import type { BareOrder } from './load/bare-crypto.js';
import type { BatchOrder, BatchResult } from './load/batch-client.js';
import { ClientProcess } from './load/client-process.js';
import { CORES, type DeviceRequest, makeRequests } from './load/device-requests.js';
import { provisionAll } from './load/provision-all.js';
import { startServiceProcess } from './load/service-process.js';
import { median } from './median.js';
import { report } from './report.js';

const ROUNDS = 7;
const WARM_UP_ROUNDS = 2;
const PER_ROUND = 4_000;

/**
 * Row `issue-stored` of the table in docs/performance.md: devices of a batch, sent over TLS by a client in another process, until
 * the last answer is back, every certificate committed to the embedded PostgreSQL. The limit is the cryptography alone, on every
 * core. Rounds of both alternate; the median of their ratios is reported.
 */
export async function run(): Promise<void> {
  const service = await startServiceProcess(process.argv.slice(3));
  const client = new ClientProcess<BatchOrder, BatchResult>(new URL('load/batch-client.js', import.meta.url));
  const bare = Array.from({ length: CORES }, () => new Worker(new URL('load/bare-crypto.js', import.meta.url)));
  try {
    const requests = await makeRequests(Array.from({ length: (ROUNDS + WARM_UP_ROUNDS) * PER_ROUND }, () => null));
    const rounds: { value: number; limit: number }[] = [];
    for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
      const from = round * PER_ROUND;
      const own = requests.slice(from, from + PER_ROUND);
      const limit = await bareRate(bare, own);
      const { seconds } = await provisionAll(client, service, own, { prefix: `B${round}`, keepAnswers: false });
      if (round >= WARM_UP_ROUNDS) rounds.push({ value: own.length / seconds, limit });
    }
    report({
      bench: 'issue-stored',
      value: median(rounds.map(({ value }) => value)),
      unit: 'certificates/s',
      limit: median(rounds.map(({ limit }) => limit)),
      ratio: median(rounds.map(({ value, limit }) => value / limit)),
    });
  } finally {
    await Promise.all(bare.map((worker) => worker.terminate()));
    await client.stop();
    await service.stop();
  }
}

/** What all cores do together in a second. */
async function bareRate(workers: readonly Worker[], requests: readonly DeviceRequest[]): Promise<number> {
  const seconds = await Promise.all(
    workers.map((worker, place) => {
      const csrs = requests.filter((_, i) => i % workers.length === place).map(({ csr }) => csr);
      const order: BareOrder = { csrs };
      return new Promise<number>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
        worker.postMessage(order);
      }).finally(() => worker.removeAllListeners('error'));
    }),
  );
  return requests.length / Math.max(...seconds);
}
