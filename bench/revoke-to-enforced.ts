import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { deviceRefOf } from '@touchmark/ca-port';
import { CredentialFolder, tlsCredentials } from '@touchmark/credentials';
import { Verifier } from '@touchmark/verifier';
import { decodePem } from '@touchmark/x509';
import { ClientProcess } from './load/client-process.js';
import { type EnrolledDevice, enrollAll } from './load/enroll-all.js';
import type { EstOrder, EstResult } from './load/est-client.js';
import { type ServiceProcess, startServiceProcess } from './load/service-process.js';
import { report } from './report.js';

const FOLLOWERS = 100;
const WARM_UP = 20;
const REVOCATIONS = 200;
const CONNECTIONS = 16;
const AT_MOST_SECONDS = 10;
/** Between two revocations: so long, the CRL, the token and the snapshot that the one before caused are made. */
const PAUSE_MILLISECONDS = 200;

/** A gateway's verifier, and what it waits for. */
interface Follower {
  readonly verifier: Verifier;
  onPosition: () => void;
}

/**
 * Row `revoke-to-enforced` of the table in docs/performance.md: from the moment in which an admin's call is sent to the one in which
 * the last of 100 followers refuses the device. Each follower is a Verifier with a TLS connection and a cache folder of its own; all
 * of them run in this one process, on the cores that the service uses too.
 */
export async function run(): Promise<void> {
  const service = await startServiceProcess(process.argv.slice(3), {
    TOUCHMARK_RESPONDER_FEED_STREAMS_PER_GATEWAY: String(2 * FOLLOWERS),
    TOUCHMARK_RESPONDER_FEED_CONNECTS_PER_MINUTE: String(10 * FOLLOWERS),
  });
  const client = new ClientProcess<EstOrder, EstResult>(new URL('load/est-client-process.js', import.meta.url));
  const folder = await mkdtemp(path.join(tmpdir(), 'touchmark-followers-'));
  const followers: Follower[] = [];
  try {
    const devices = await enrollAll(service, client, CONNECTIONS, WARM_UP + REVOCATIONS);
    followers.push(...(await openFollowers(service, folder)));
    const times: number[] = [];
    let acknowledged = 0;
    for (const [i, device] of devices.entries()) {
      // each follower looks at the device once before: what is timed begins with the call
      const enforced = refusedByAll(followers, device);
      await setTimeout(PAUSE_MILLISECONDS);
      const sent = performance.now();
      await service.admin.revoke(refOf(i));
      if (i >= WARM_UP) acknowledged += performance.now() - sent;
      await enforced;
      if (i >= WARM_UP) times.push(performance.now() - sent);
    }
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    report({
      bench: 'revoke-to-enforced',
      value: quantile(0.99),
      unit: 'ms (p99)',
      median: Number(quantile(0.5).toPrecision(3)),
      longest: Number(quantile(1).toPrecision(3)),
      acknowledgedMean: Number((acknowledged / REVOCATIONS).toPrecision(3)),
      followers: FOLLOWERS,
      revocations: REVOCATIONS,
    });
  } finally {
    await Promise.all(followers.map(({ verifier }) => verifier.close()));
    await client.stop();
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function openFollowers(service: ServiceProcess, folder: string): Promise<Follower[]> {
  const credentials = await CredentialFolder.open(path.join(service.dataFolder, 'secrets', 'gateway'), (length) =>
    randomBytes(length),
  );
  const trustAnchors = decodePem(service.root).map(({ der }) => der);
  const tls = tlsCredentials(await credentials.read('gateway-client'), trustAnchors);
  return Promise.all(
    Array.from({ length: FOLLOWERS }, async (_, i) => {
      const follower: { verifier?: Verifier; onPosition: () => void } = { onPosition: () => undefined };
      const verifier = await Verifier.open({
        trustAnchors,
        now: () => Math.floor(Date.now() / 1000),
        status: {
          source: { url: `https://localhost:${service.gatewayPort}`, tls },
          cacheDir: path.join(folder, String(i)),
          maxAge: 30,
          whenStale: 'deny',
        },
        onEvent: ({ type }) => type === 'position' && follower.onPosition(),
      });
      return Object.assign(follower, { verifier });
    }),
  );
}

/** Resolves when every follower refuses the device as revoked; rejects when one lets it pass for too long. */
async function refusedByAll(followers: readonly Follower[], { certificate }: EnrolledDevice): Promise<void> {
  const refusal = ({ verifier }: Follower): string | undefined => {
    const answer = verifier.verify([certificate], { at: Math.floor(Date.now() / 1000), purpose: 'client' });
    return answer.ok ? undefined : answer.error.code;
  };
  await Promise.all(
    followers.map((follower) => {
      const before = refusal(follower);
      if (before !== undefined) throw new Error(`refused with ${before} before it was revoked`);
      return new Promise<void>((resolve, reject) => {
        const late = globalThis.setTimeout(
          () => reject(new Error('a follower still accepts it')),
          AT_MOST_SECONDS * 1000,
        );
        follower.onPosition = () => {
          const code = refusal(follower);
          if (code === undefined) return;
          // a refusal is worked out anew each time: asked once more with the head, it would be timed twice
          follower.onPosition = () => undefined;
          clearTimeout(late);
          if (code === 'CERT_REVOKED') resolve();
          else reject(new Error(`refused with ${code}`));
        };
      });
    }),
  );
}

/** The demo service's name of the device that `enrollAll` made as number `i`. */
const refOf = (i: number): string =>
  deviceRefOf({ realm: 'devices.local', model: 'demo-sensor', deviceSerial: `E-${i}` });
