import type { BatchOrder, BatchResult } from './batch-client.js';
import type { ClientProcess } from './client-process.js';
import type { DeviceRequest } from './device-requests.js';
import type { ServiceProcess } from './service-process.js';

const CONNECTIONS = 2;

export interface Provisioned {
  readonly seconds: number;
  /** DER, in the order of the requests; none unless answers were kept. */
  readonly certificates: readonly Uint8Array[];
}

/** Provisions a device for each request, over two connections with a batch each. Throws unless all were issued. */
export async function provisionAll(
  client: ClientProcess<BatchOrder, BatchResult>,
  { admin, adminPort: port, root: ca, token }: ServiceProcess,
  requests: readonly DeviceRequest[],
  { prefix, keepAnswers }: { readonly prefix: string; readonly keepAnswers: boolean },
): Promise<Provisioned> {
  const share = Math.ceil(requests.length / CONNECTIONS);
  const streams = await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, place) => ({
      batchId: await admin.newBatch(share),
      lines: requests
        .slice(place * share, (place + 1) * share)
        .map(({ csr }, i) => provisionLine(`${prefix}-${place * share + i}`, csr))
        .join(''),
    })),
  );
  const { seconds, issued, answers } = await client.run({ port, ca, token, streams, keepAnswers });
  if (issued !== requests.length) throw new Error(`${issued} of ${requests.length} certificates were issued`);
  return { seconds, certificates: answers.flatMap(certificatesIn) };
}

function provisionLine(deviceSerial: string, csr: Uint8Array): string {
  return `${JSON.stringify({ deviceSerial, csr: Buffer.from(csr).toString('base64') })}\n`;
}

function certificatesIn(answer: string): Uint8Array[] {
  const lines = answer.trimEnd().split('\n').slice(0, -1);
  return lines.map((line) => {
    const { certificate }: { certificate: string } = JSON.parse(line);
    return Buffer.from(certificate, 'base64');
  });
}
