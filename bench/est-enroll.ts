import { X509Certificate } from 'node:crypto';
import type { BareAnswer, BareServer } from './load/bare-est.js';
import { ClientProcess } from './load/client-process.js';
import { makeRequests } from './load/device-requests.js';
import { certificateIn, type EnrolledDevice, enrollAll, orderOf, splitAnswer } from './load/enroll-all.js';
import type { EstOrder, EstResult } from './load/est-client.js';
import { type ServiceProcess, startServiceProcess } from './load/service-process.js';
import { median } from './median.js';
import { report } from './report.js';

const ROUNDS = 7;
const WARM_UP_ROUNDS = 2;
const PER_ROUND = 600;
const CONNECTIONS = 64;

interface Round {
  readonly value: number;
  readonly limit: number;
}

/**
 * Row `est-enroll` of the table in docs/performance.md: each device opens a connection of its own with its LDevID, asks once for a
 * certificate with a new key by simplereenroll, and is gone. The limit is a bare node:https server that answers the same octets to
 * the same client after the same handshake. Rounds of both alternate; the median of their ratios is reported.
 */
export async function run(): Promise<void> {
  const service = await startServiceProcess(process.argv.slice(3));
  const client = new ClientProcess<EstOrder, EstResult>(new URL('load/est-client-process.js', import.meta.url));
  const bare = new ClientProcess<BareAnswer, BareServer>(new URL('load/bare-est.js', import.meta.url));
  try {
    const devices = await enrollAll(service, client, CONNECTIONS, (ROUNDS + WARM_UP_ROUNDS) * PER_ROUND);
    report({ bench: 'est-enroll', ...(await measure(service, client, bare, devices)) });
  } finally {
    await bare.stop();
    await client.stop();
    await service.stop();
  }
}

async function measure(
  service: ServiceProcess,
  client: ClientProcess<EstOrder, EstResult>,
  bare: ClientProcess<BareAnswer, BareServer>,
  devices: readonly EnrolledDevice[],
): Promise<{ value: number; unit: string; limit: number; ratio: number }> {
  const rounds: Round[] = [];
  let bareServer: BareServer | undefined;
  for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
    const own = devices.slice(round * PER_ROUND, (round + 1) * PER_ROUND);
    const rekeys = await makeRequests(own.map(({ certificate }) => certificate));
    const orders = own.map((device, i) => orderOf('simplereenroll', device, rekeys[i]));
    const answered = await client.run({
      port: service.devicePort,
      ca: service.root,
      devices: orders,
      connections: CONNECTIONS,
    });
    checkRekeyed(answered, own);
    bareServer ??= await bare.run(answerOf(answered.answers[0]));
    const limit = await client.run({
      port: bareServer.port,
      ca: bareServer.ca,
      devices: orders,
      connections: CONNECTIONS,
    });
    if (round >= WARM_UP_ROUNDS) rounds.push({ value: PER_ROUND / answered.seconds, limit: PER_ROUND / limit.seconds });
  }
  const of = (pick: (round: Round) => number): number => median(rounds.map((round) => pick(round)));
  return {
    value: of(({ value }) => value),
    unit: 'enrolments/s',
    limit: of(({ limit }) => limit),
    ratio: of(({ value, limit }) => value / limit),
  };
}

function answerOf(answer: Uint8Array | undefined): BareAnswer {
  const { head, body } = splitAnswer(answer);
  const own = new Set(['date', 'connection', 'keep-alive']);
  const fields = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(': ', 2))
    .filter(([name = '']) => !own.has(name.toLowerCase()));
  return { headers: fields.flat(), body };
}

/** Every device must have a new certificate for a new key. */
function checkRekeyed({ answers }: EstResult, devices: readonly EnrolledDevice[]): void {
  for (const [i, { certificate }] of devices.entries()) {
    const before = new X509Certificate(certificate);
    const after = new X509Certificate(certificateIn(answers[i]));
    if (before.subjectAltName !== after.subjectAltName || before.publicKey.equals(after.publicKey))
      throw new Error('a device was not rekeyed');
  }
}
