import { createHash, generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Module } from '@nestjs/common';
import type { CaPort } from '@touchmark/ca-port';
import { encodeInteger, encodeNull, encodeOctetString, encodeOid, encodeSequence, Oid } from '@touchmark/der';
import {
  checkCertificationRequest,
  compileTemplate,
  encodeCertificateNames,
  type Issuer,
  profileByName,
  signCertificate,
  validityFor,
} from '@touchmark/issuance';
import { createApplication, createLogger, openListeners, systemClock, systemRandomBytes } from '@touchmark/server';
import { encodeSerialNumber } from '@touchmark/status-list';
import { Database, insertAuthority, insertStatusList, migrate, startEmbeddedPostgres } from '@touchmark/store';
import { parseOcspResponse, parseSubjectPublicKeyInfo } from '@touchmark/x509';
import { Responder } from '../apps/responder/src/responder.js';
import { ResponderModule } from '../apps/responder/src/responder.module.js';
import { responderSettings } from '../apps/responder/src/responder-settings.js';
import { benchIssuer } from './bench-authority.js';
import type { LoadOrder, LoadResult } from './load-client.js';
import { report } from './report.js';

const LIST = 1;
const CERTIFICATES = 1_000_000;
const LEASED_TO = 1_003_520;
/** Requests that are asked over and over: these fit into the responder's cache. */
const REQUESTS = 20_000;
const CONNECTIONS = 16;
const ROUNDS = 7;
const DAY = 86_400;
const now = (): number => Math.floor(Date.now() / 1000);

/**
 * Row `ocsp` of the table in docs/performance.md: GET and POST in turn, random certificates out of a million of which one in a
 * hundred is revoked, one request in twenty about a serial number that was never issued. `cached` is held against a bare
 * node:http server that gives answers of the same size to the same client; `uncached`, where every answer is looked up and
 * signed, against the same bare server with one signature before each answer. Rounds alternate.
 */
export async function run(): Promise<void> {
  const issuer = await benchIssuer('ldevid', now());
  const postgres = await startDatabase();
  try {
    await seed(postgres.url, issuer);
    const requests = makeRequests(issuer);
    const cached = await startResponder(postgres.url, issuer, 2 * REQUESTS);
    const uncached = await startResponder(postgres.url, issuer, 0);
    const client = new LoadClient();
    try {
      await check(cached.port, requests);
      const answer = await answerTo(cached.port, requests[0] ?? new Uint8Array());
      const bare = await startBare(answer);
      const bareAndSign = await startBare(answer, randomBytes(260));
      const ports = {
        bare: portOf(bare),
        bareAndSign: portOf(bareAndSign),
        cached: cached.port,
        uncached: uncached.port,
      };
      // once round everything: answers are made, lists are loaded, code is compiled
      for (const port of Object.values(ports)) await client.load(port, requests, REQUESTS);
      await measure(client, requests, ports);
      bare.close();
      bareAndSign.close();
    } finally {
      await client.close();
      await cached.close();
      await uncached.close();
    }
  } finally {
    await postgres.stop();
  }
}

/** Answers a second, and this thread's processor time for each: the second figure stands still on a busy machine. */
interface Measured {
  readonly rate: number;
  readonly cpuSeconds: number;
}

interface Round {
  readonly bare: Measured;
  readonly cached: Measured;
  readonly uncached: Measured;
  /** The bare server that makes one signature before each answer. */
  readonly bareAndSign: Measured;
}

async function measure(
  client: LoadClient,
  requests: readonly Uint8Array[],
  ports: { cached: number; uncached: number; bare: number; bareAndSign: number },
): Promise<void> {
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await client.load(ports.bare, requests, REQUESTS);
    const cached = await client.load(ports.cached, requests, REQUESTS);
    const uncached = await client.load(ports.uncached, requests, REQUESTS);
    const bareAndSign = await client.load(ports.bareAndSign, requests, REQUESTS);
    rounds.push({ bare, cached, uncached, bareAndSign });
  }
  for (const [name, limitName] of [
    ['cached', 'bare'],
    ['uncached', 'bareAndSign'],
  ] as const) {
    const of = (pick: (value: Measured, limit: Measured) => number): number =>
      median(rounds.map((round) => pick(round[name], round[limitName])));
    report({
      bench: 'ocsp',
      case: name,
      value: of(({ rate }) => rate),
      unit: 'answers/s',
      limit: of((_, { rate }) => rate),
      ratio: of((value, limit) => value.rate / limit.rate),
      cpuRatio: Number(of((value, limit) => limit.cpuSeconds / value.cpuSeconds).toPrecision(3)),
      cpuMicroseconds: Number(of(({ cpuSeconds }) => cpuSeconds * 1e6).toPrecision(3)),
    });
  }
}

const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function startWatch(count: number): () => Measured {
  const cpu = process.threadCpuUsage();
  const start = process.hrtime.bigint();
  return () => {
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.threadCpuUsage(cpu);
    return { rate: count / seconds, cpuSeconds: (user + system) / 1e6 / count };
  };
}

const randomOf = (index: number): Uint8Array => createHash('md5').update(String(index)).digest().subarray(0, 8);

async function seed(url: string, issuer: Issuer): Promise<void> {
  await migrate(url);
  const db = await Database.open({ url, poolSize: 2, applicationName: 'bench' });
  const id = 'ldevid-g1';
  await db.transaction(async (tx) => {
    await insertAuthority(tx, { id, kind: 'ldevid', issuerId: null, certificate: issuer.certificate.der });
    const uris = { crlUri: 'http://x/crl/1.crl', ocspUri: 'http://x/ocsp', caIssuersUri: 'http://x/ca.cer' };
    await insertStatusList(tx, {
      id: LIST,
      authorityId: id,
      bucket: 'never',
      notAfter: now() + DAY,
      openedAt: now(),
      ...uris,
    });
    await tx.query(`UPDATE ca.status_list SET leased_to = ${LEASED_TO}`);
    await tx.query(
      `INSERT INTO ca.certificate (list_id, index, random, der)
       SELECT ${LIST}, i, substring(decode(md5(i::text), 'hex') FROM 1 FOR 8), '\\x00' FROM generate_series(0, ${CERTIFICATES - 1}) AS i`,
    );
    await tx.query(
      `INSERT INTO ca.revocation (list_id, index, random, value, reason, revoked_at)
       SELECT list_id, index, random, 1, 1 + index / 100 % 5, ${now() - 1000} FROM ca.certificate WHERE index % 100 = 0`,
    );
  });
  await db.query('ANALYZE ca.certificate');
  await db.close();
}

/** Whole HTTP requests. Never-issued serial numbers have other random bits on a used seat; one in ten of them an unused seat. */
function makeRequests(issuer: Issuer): Uint8Array[] {
  const { subjectPublicKey } = parseSubjectPublicKeyInfo(issuer.certificate.subjectPublicKeyInfo);
  const issuerHashes = (['sha1', 'sha256'] as const).map(
    (name) =>
      [
        encodeSequence(encodeOid(Oid[name]), encodeNull()),
        encodeOctetString(hash(name, issuer.certificate.subject, 'buffer')),
        encodeOctetString(hash(name, subjectPublicKey, 'buffer')),
      ] as const,
  );
  return Array.from({ length: REQUESTS }, (_, i) => {
    const never = i % 20 === 19;
    const index = Math.floor(Math.random() * CERTIFICATES);
    const seat = !never
      ? { index, random: randomOf(index) }
      : { index: i % 200 === 199 ? CERTIFICATES + (i % 3000) : index, random: randomBytes(8) };
    const serialNumber = encodeInteger(encodeSerialNumber({ listId: LIST, ...seat }));
    const certId = encodeSequence(...(issuerHashes[i % 4 === 0 ? 0 : 1] ?? []), serialNumber);
    const der = encodeSequence(encodeSequence(encodeSequence(encodeSequence(certId))));
    return i % 2 === 0 ? httpGet(der) : httpPost(der);
  });
}

function httpGet(der: Uint8Array): Uint8Array {
  const target = `/ocsp/${encodeURIComponent(Buffer.from(der).toString('base64'))}`;
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 'latin1');
}

function httpPost(der: Uint8Array): Uint8Array {
  const head = `POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\nContent-Length: ${der.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), der]);
}

interface Running {
  readonly port: number;
  close(): Promise<void>;
}

async function startResponder(url: string, issuer: Issuer, ocspCacheSize: number): Promise<Running> {
  const logger = createLogger({ level: 'warn', format: 'json', clock: systemClock });
  const db = await Database.open({ url, poolSize: 2, applicationName: 'bench responder' });
  @Module({
    imports: [
      ResponderModule.register({
        db,
        ca: { renewOcspSigners: renewer(issuer) },
        realm: 'devices.test',
        now,
        settings: responderSettings.parse({ ocspCacheSize }),
        log: logger,
      }),
    ],
  })
  class RootModule {}
  const app = await createApplication(RootModule, {
    logger,
    randomBytes: systemRandomBytes,
    describeError: () => undefined,
  });
  // before the framework, as the standalone service has it
  const first = { public: app.get(Responder).ocspHandler.handle };
  const running = await openListeners(app, [{ name: 'public', host: '127.0.0.1', port: 0, setting: 'BENCH' }], {
    first,
  });
  return {
    port: running.listener('public').port,
    close: async () => {
      await running.close(0);
      await db.close();
    },
  };
}

function renewer(issuer: Issuer): CaPort['renewOcspSigners'] {
  const profile = profileByName('ocsp-signer');
  const points = {
    crl: 'http://localhost:8080/crl/1.crl',
    ocsp: 'http://localhost:8080/ocsp',
    caIssuers: 'http://localhost:8080/ca/ldevid-g1.cer',
  };
  const template = compileTemplate({ profile, issuer, publicationPoints: points });
  return (requests) =>
    Promise.all(
      requests.map(async ({ csr }) => {
        const validity = validityFor(profile, issuer.certificate, now());
        const signed = await signCertificate({
          template,
          request: checkCertificationRequest(csr, profile),
          names: encodeCertificateNames(profile, { name: 'OCSP signer' }),
          validity,
          serialNumber: encodeSerialNumber({ listId: 2, index: 0, random: randomBytes(8) }),
          now: now(),
        });
        return { ok: true as const, certificate: signed.certificate, notAfter: validity.notAfter };
      }),
    );
}

/** node:http and nothing else: reads the request, signs `tbs` where there is one, writes an answer that was made before. */
async function startBare(answer: { headers: string[]; body: Buffer }, tbs?: Uint8Array): Promise<Server> {
  const server = createServer((request, response) => {
    const end = (): void => {
      if (tbs) sign('sha256', tbs, signingKey);
      response.writeHead(200, answer.headers);
      response.end(answer.body);
    };
    if (request.method === 'GET') end();
    else {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port');
  return address.port;
}

async function answerTo(port: number, httpGetRequest: Uint8Array): Promise<{ headers: string[]; body: Buffer }> {
  const target = Buffer.from(httpGetRequest).toString('latin1').split(' ')[1] ?? '';
  const response = await fetch(`http://127.0.0.1:${port}${target}`);
  const body = Buffer.from(await response.arrayBuffer());
  const names = ['Content-Type', 'Content-Length', 'ETag', 'Last-Modified', 'Expires', 'Cache-Control'];
  return { headers: names.flatMap((name) => [name, response.headers.get(name) ?? '']), body };
}

/** The mix must be what it is said to be. */
async function check(port: number, requests: readonly Uint8Array[]): Promise<void> {
  const counts: Record<string, number> = { good: 0, revoked: 0, unknown: 0 };
  for (const request of requests.filter((_, i) => i % 2 === 0).slice(0, 2_000)) {
    const response = parseOcspResponse((await answerTo(port, request)).body);
    const status =
      response.responseStatus === 'successful'
        ? response.basic.responses[0]?.certStatus.status
        : response.responseStatus;
    counts[status ?? ''] = (counts[status ?? ''] ?? 0) + 1;
  }
  if ((counts.good ?? 0) < 1_900 || (counts.revoked ?? 0) < 5)
    throw new Error(`wrong answers: ${JSON.stringify(counts)}`);
}

class LoadClient {
  private readonly worker = new Worker(new URL('./load-client.js', import.meta.url));

  async load(port: number, requests: readonly Uint8Array[], count: number): Promise<Measured> {
    const order: LoadOrder = { port, requests, connections: CONNECTIONS, count };
    const answered = new Promise<LoadResult>((resolve) => {
      this.worker.once('message', resolve);
    });
    const stop = startWatch(count);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    this.worker.postMessage(order);
    const { bodyOctets } = await answered;
    if (bodyOctets < count * 300) throw new Error('answers too short to be signed ones');
    return stop();
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

async function startDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  // root's own TMPDIR may be closed to the user whom PostgreSQL runs as
  const folder = await mkdtemp(path.join(process.geteuid?.() === 0 ? '/tmp' : tmpdir(), 'touchmark-bench-'));
  await chmod(folder, 0o711);
  const postgres = await startEmbeddedPostgres({
    folder: path.join(folder, 'postgres'),
    durable: false,
    randomBytes,
    log: () => undefined,
  });
  return {
    url: postgres.url,
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
