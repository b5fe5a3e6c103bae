import { parentPort, workerData } from 'node:worker_threads';
import { newDeviceRequest } from './device-requests.js';

/** Worker thread: makes requests, one for each entry, with the names of the certificate that stands there, if any. */
const certificates: readonly (Uint8Array | null)[] = workerData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
parentPort?.postMessage(certificates.map((certificate) => newDeviceRequest(certificate ?? undefined)));
