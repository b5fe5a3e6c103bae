import { connect, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** One order to the load client, which runs in a worker thread of its own, so that the server keeps a core for itself. */
export interface LoadOrder {
  readonly port: number;
  /** Whole HTTP/1.1 requests, octet for octet; each connection takes the next one. */
  readonly requests: readonly Uint8Array[];
  readonly connections: number;
  /** Answered requests after which the client stops. */
  readonly count: number;
}

export interface LoadResult {
  /** Octets of all bodies, so that nobody measures errors. */
  readonly bodyOctets: number;
}

parentPort?.on('message', (order: LoadOrder) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  void load(order).then((result) => parentPort?.postMessage(result));
});

/** Keep-alive connections with one request under way on each: as little work as a client can do. */
async function load({ port, requests, connections, count }: LoadOrder): Promise<LoadResult> {
  let sent = 0;
  let bodyOctets = 0;
  const next = (): Uint8Array | undefined => (sent < count ? requests[sent++ % requests.length] : undefined);
  await Promise.all(
    Array.from({ length: connections }, () =>
      converse(port, next, (octets) => {
        bodyOctets += octets;
      }),
    ),
  );
  return { bodyOctets };
}

function converse(
  port: number,
  next: () => Uint8Array | undefined,
  answered: (bodyOctets: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    let rest: Buffer = Buffer.alloc(0);
    const send = (): void => {
      const request = next();
      if (request) socket.write(request);
      else socket.end();
    };
    socket.on('connect', send);
    socket.on('data', (data) => {
      rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
      const headEnd = rest.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const bodyOctets = contentLength(rest, headEnd);
      if (rest.length < headEnd + 4 + bodyOctets) return;
      if (rest.toString('latin1', 9, 12) !== '200') reject(new Error(rest.toString('latin1', 0, headEnd)));
      rest = Buffer.alloc(0);
      answered(bodyOctets);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

const FIELD = 'Content-Length: ';

function contentLength(answer: Buffer, headEnd: number): number {
  const at = answer.indexOf(FIELD, 0, 'latin1');
  if (at === -1 || at > headEnd) throw new Error('an answer without Content-Length');
  return Number.parseInt(answer.toString('latin1', at + FIELD.length, at + FIELD.length + 8), 10);
}
