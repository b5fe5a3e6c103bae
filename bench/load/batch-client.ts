import { request } from 'node:https';

/** One round for the batch client, which runs in a process of its own. */
export interface BatchOrder {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
  /** For each connection the batch that it fills and its lines, NDJSON. */
  readonly streams: readonly { readonly batchId: string; readonly lines: string }[];
  /** Answers wanted back: what comes of them is needed for the next bench. */
  readonly keepAnswers: boolean;
}

export interface BatchResult {
  readonly seconds: number;
  readonly issued: number;
  readonly answers: readonly string[];
}

process.on('message', (order: BatchOrder) => {
  void provision(order).then((result) => process.send?.(result));
});

/** Sends everything at once on each connection; the service's window holds it back. */
async function provision({ port, ca, token, streams, keepAnswers }: BatchOrder): Promise<BatchResult> {
  const start = process.hrtime.bigint();
  const answers = await Promise.all(streams.map((stream) => send(stream, { port, ca, token })));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const issued = answers.map((answer) => {
    const last: { done?: true; issued?: number } = JSON.parse(
      answer.slice(answer.lastIndexOf('\n', answer.length - 2) + 1),
    );
    if (last.done !== true) throw new Error('a stream ended without its last line');
    return last.issued ?? 0;
  });
  return { seconds, issued: issued.reduce((sum, count) => sum + count, 0), answers: keepAnswers ? answers : [] };
}

function send(
  { batchId, lines }: BatchOrder['streams'][number],
  { port, ca, token }: Pick<BatchOrder, 'port' | 'ca' | 'token'>,
): Promise<string> {
  const path = `/v1/batches/${batchId}/requests`;
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: 'localhost', port, path, method: 'POST', ca, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (octets: Buffer) => parts.push(octets));
      answer.once('end', () => resolve(Buffer.concat(parts).toString('latin1')));
      answer.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(lines);
  });
}
