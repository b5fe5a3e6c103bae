import { CORES, onAllCores } from './device-requests.js';
import type { EstOrder, EstResult } from './est-client.js';

/**
 * Process of the EST client: a thread on each core, so that what a connection costs its client never makes the server wait for
 * it. Answers come back in the order of the devices.
 */
process.on('message', (order: EstOrder) => {
  void enroll(order).then((result) => process.send?.(result));
});

async function enroll(order: EstOrder): Promise<EstResult> {
  const half = Math.ceil(order.devices.length / CORES);
  const orders = Array.from({ length: CORES }, (_, i) => ({
    ...order,
    devices: order.devices.slice(i * half, (i + 1) * half),
    connections: order.connections / CORES,
  }));
  const results = await onAllCores<EstResult>(new URL('est-client.js', import.meta.url), orders);
  return {
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
    answers: results.flatMap(({ answers }) => answers),
  };
}
