import type { JsonWebKey } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CaPort } from '@touchmark/ca-port';
import {
  createApplication,
  createLogger,
  type ListenerOptions,
  openListeners,
  type Role,
  type RunningListeners,
} from '@touchmark/server';
import { makeTestRequest, type TestKey } from '@touchmark/testkit';
import { type AccessKeyStore, openAccessKey } from '../../apps/enrollment/src/access/access-key.js';
import { AccessTokenRegistry } from '../../apps/enrollment/src/access/access-tokens.js';
import { GatewaysModule } from '../../apps/enrollment/src/gateways/gateways.module.js';
import { EnrollmentModule } from '../../apps/enrollment/src/enrollment.module.js';
import { enrollmentApplication, serveEnrollmentApi } from '../../apps/enrollment/src/enrollment-application.js';
import { Registry } from 'prom-client';
import { TestCaService, testModel } from '../fixture/test-ca.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // what a test expects of a body, the test says
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** The registration authority's API on plain HTTP, over a real CA and a database of its own. */
export class EnrollmentService {
  readonly ca: TestCaService;
  /** Calls that the CA refuses to hear while this is set. */
  readonly faults: { away?: Error };
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** Of the device listener, which has TLS only where the test asks for it. */
  readonly deviceUrl: string;
  readonly log: Record<string, unknown>[];
  readonly metrics: Registry;
  private readonly running: RunningListeners;
  private readonly tokens = new Map<string, string>();

  private constructor(
    parts: Pick<EnrollmentService, 'ca' | 'faults' | 'app' | 'log' | 'metrics'> & { running: RunningListeners },
  ) {
    this.ca = parts.ca;
    this.faults = parts.faults;
    this.app = parts.app;
    this.log = parts.log;
    this.metrics = parts.metrics;
    this.running = parts.running;
    this.url = parts.running.listener('admin').url;
    this.deviceUrl = parts.running.listener('device').url;
  }

  static async open(
    adminUrl: string,
    options: { device?: Pick<ListenerOptions, 'tls'> } = {},
  ): Promise<EnrollmentService> {
    const ca = await TestCaService.open(adminUrl);
    const { enrollmentDb: db } = ca;
    const now = (): number => ca.now();
    const faults: EnrollmentService['faults'] = {};
    const accessKey = await openAccessKey(memoryKeyStore(), db);
    const module = EnrollmentModule.register({
      ca: interruptible(ca.port, faults),
      db,
      realm: testModel.realm,
      now,
      randomBytes,
      accessKey,
    });
    const metrics = new Registry();
    const gateways = GatewaysModule.register({
      ca: interruptible(ca.port, faults),
      db,
      realm: testModel.realm,
      now,
      metrics,
    });
    @Module({ imports: [module, gateways] })
    class RootModule {}
    const log: Record<string, unknown>[] = [];
    const logger = createLogger({
      level: 'warn',
      format: 'json',
      clock: { now, nowMs: () => now() * 1000 },
      destination: { write: (line) => void log.push(JSON.parse(line)) },
    });
    const app = await createApplication(RootModule, { logger, randomBytes, ...enrollmentApplication(db, now) });
    serveEnrollmentApi(app, '1');
    const running = await openListeners(app, [
      { name: 'admin', host: '127.0.0.1', port: 0, setting: 'TOUCHMARK_ADMIN_PORT', streams: true },
      { name: 'device', host: '127.0.0.1', port: 0, setting: 'TOUCHMARK_DEVICE_PORT', ...options.device },
    ]);
    return new EnrollmentService({ ca, faults, app, log, metrics, running });
  }

  /** A bearer token with these roles; the same one for the same question. */
  async token(roles: readonly Role[], factory?: string): Promise<string> {
    const name = [...roles, factory].join(' ');
    const known = this.tokens.get(name);
    if (known !== undefined) return known;
    const registry = this.app.get(AccessTokenRegistry);
    const validUntil = this.ca.now() + 86_400;
    const { token } = await registry.mint({ sub: roles.join('-'), roles, factory, validUntil }, 'test');
    this.tokens.set(name, token);
    return token;
  }

  /** One JSON request, as an admin unless another token (or none: null) is given. */
  async call(
    method: string,
    path: string,
    options: { body?: unknown; token?: string | null; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const token = options.token === undefined ? await this.token(['admin']) : options.token;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(options.body !== undefined && { 'Content-Type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** A POST that must succeed. */
  async make(path: string, body: unknown): Promise<Answer['body']> {
    const answer = await this.call('POST', path, { body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Opens a batch stream. */
  async stream(batchId: string, token?: string): Promise<BatchConnection> {
    const request = httpRequest(`${this.url}/v1/batches/${batchId}/requests`, {
      method: 'POST',
      agent: false,
      headers: {
        'Content-Type': 'application/x-ndjson',
        Authorization: `Bearer ${token ?? (await this.token(['admin']))}`,
      },
    });
    return new BatchConnection(request);
  }

  /** Sends all lines and reads all answers. */
  async provision(batchId: string, lines: readonly string[], token?: string): Promise<Answer['body'][]> {
    const stream = await this.stream(batchId, token);
    stream.request.end(lines.map((line) => `${line}\n`).join(''));
    return stream.rest();
  }

  async close(): Promise<void> {
    await this.running.close(0);
    await this.ca.close();
  }
}

/** A batch stream from the factory's side. */
export class BatchConnection {
  readonly request: ClientRequest;
  private readonly response: Promise<IncomingMessage>;
  private lines: AsyncIterator<string> | undefined;

  constructor(request: ClientRequest) {
    this.request = request;
    this.response = new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
    this.response.catch(() => undefined);
    request.flushHeaders();
  }

  send(line: string): void {
    this.request.write(`${line}\n`);
  }

  /** The next answer; undefined when the stream has ended, however it did. */
  async next(): Promise<Answer['body']> {
    const response = await this.response;
    this.lines ??= createInterface({ input: response })[Symbol.asyncIterator]();
    const { done, value } = await this.lines.next();
    return done ? undefined : JSON.parse(value);
  }

  async rest(): Promise<Answer['body'][]> {
    const answers: Answer['body'][] = [];
    for (let answer = await this.next(); answer !== undefined; answer = await this.next()) answers.push(answer);
    return answers;
  }

  async status(): Promise<number | undefined> {
    return (await this.response).statusCode;
  }
}

export function provisionLine(deviceSerial: string, key?: TestKey): string {
  const { der } = makeTestRequest(key && { key });
  return JSON.stringify({ deviceSerial, csr: Buffer.from(der).toString('base64') });
}

/** A factory, a model and a policy that belong together, and a batch of them. */
export async function makeBatch(service: EnrollmentService, name: string, size = 100): Promise<Answer['body']> {
  await service.make('/v1/factories', { name });
  await service.make('/v1/models', { name, organization: 'Acme' });
  await service.make('/v1/enrollment-policies', { name, label: name, models: [name] });
  const validUntil = service.ca.now() + 3600;
  return service.make('/v1/batches', { factory: name, model: name, policy: name, size, validUntil });
}

function memoryKeyStore(): AccessKeyStore {
  let kept: JsonWebKey | undefined;
  return {
    read: async () => kept,
    write: async (jwk) => {
      kept ??= jwk;
    },
  };
}

/** The port, which fails every call while `away` is set. */
function interruptible(port: CaPort, faults: { away?: Error }): CaPort {
  const guard =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      faults.away ? Promise.reject(faults.away) : call(...args);
  return {
    issueCertificates: guard((requests) => port.issueCertificates(requests)),
    changeStatus: guard((changes) => port.changeStatus(changes)),
    confirmSeen: guard((sightings) => port.confirmSeen(sightings)),
    openWarrants: guard((warrants) => port.openWarrants(warrants)),
    renewOcspSigners: guard((requests) => port.renewOcspSigners(requests)),
    renewServiceCertificates: guard((requests) => port.renewServiceCertificates(requests)),
    describeAuthorities: guard(() => port.describeAuthorities()),
  };
}
