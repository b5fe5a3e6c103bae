import { createSecureContext, connect, type SecureContext } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

/** What a client thread is to do: one connection for each device. */
export interface EstDevice {
  /** PEM, the device's certificate and its key. */
  readonly certificate: string;
  readonly privateKey: string;
  /** The whole HTTP request. */
  readonly request: Uint8Array;
}

export interface EstOrder {
  readonly port: number;
  /** PEM of the trust anchor. */
  readonly ca: string;
  readonly devices: readonly EstDevice[];
  /** Connections at a time. */
  readonly connections: number;
}

export interface EstResult {
  readonly seconds: number;
  /** Whole HTTP answers, in the order of the devices. */
  readonly answers: readonly Uint8Array[];
}

/** Worker thread of the client process. Keys and certificates are read before the clock starts; each connection is a new one. */
async function enroll({ port, ca, devices, connections }: EstOrder): Promise<EstResult> {
  const prepared = devices.map(({ certificate: cert, privateKey: key, request }) => ({
    secureContext: createSecureContext({ ca, cert, key }),
    request,
  }));
  const answers: Uint8Array[] = [];
  let next = 0;
  const start = process.hrtime.bigint();
  const one = async (): Promise<void> => {
    for (let i = next++; i < prepared.length; i = next++) {
      const device = prepared[i];
      if (device) answers[i] = await exchange(port, device.secureContext, device.request);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, answers };
}

/** A full handshake, one request, one answer of 200 with its Content-Length. */
function exchange(port: number, secureContext: SecureContext, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      secureContext,
      ALPNProtocols: ['http/1.1'],
    });
    let answer: Buffer = Buffer.alloc(0);
    socket.once('secureConnect', () => socket.write(request));
    socket.on('data', (octets) => {
      answer = answer.length === 0 ? octets : Buffer.concat([answer, octets]);
      const head = answer.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(answer.toString('latin1', 0, head))?.[1]);
      if (answer.length < head + 4 + length) return;
      socket.end();
      if (answer.toString('latin1', 9, 12) === '200') resolve(answer);
      else reject(new Error(answer.toString()));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}

const order: EstOrder = workerData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
parentPort?.postMessage(await enroll(order));
