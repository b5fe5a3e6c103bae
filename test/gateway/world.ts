import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deviceRefOf } from '@touchmark/ca-port';
import { CredentialFolder } from '@touchmark/credentials';
import { generateKeyPair, importPkcs8 } from '@touchmark/keys';
import { createLogger, systemClock } from '@touchmark/server';
import { EstClient, generateTestKey, makeTestRequest, type TestKey } from '@touchmark/testkit';
import { encodeCertificationRequest, encodePem, parseCertificate } from '@touchmark/x509';
import { defaultCaSettings } from '../../apps/ca/src/ca.js';
import { type CaService, openCaService } from '../../apps/ca/src/ca-service.js';
import type { ServiceCertificateOrder } from '../../apps/ca/src/signers/issue-service-certificate.js';
import { type Config, configSchema } from '../../apps/gateway/src/config.js';
import { type Gateway, startGateway } from '../../apps/gateway/src/gateway.js';
import { provision } from '../fixture/batch-client.js';
import { startTestService, type TestService } from '../fixture/service.js';
import type { ClientIdentity } from './client.js';
import { TestUpstream } from './upstream.js';
import { ripen } from '../fixture/ripen.js';

const REALM = 'devices.local';

export const testPolicy = `
realm: ${REALM}
roles:
  sensor: [demo-sensor]
routes:
  - name: telemetry
    path: /devices/{deviceSerial}/telemetry
    methods: [GET, POST, PUT, DELETE, PATCH]
    allow: [{ role: sensor }]
    maxBody: 100000
  - name: stream
    path: /stream
    methods: [GET]
    allow: [{ role: sensor }]
  - name: slow
    path: /slow
    methods: [GET]
    allow: [{ role: sensor }]
  - name: socket
    path: /socket
    methods: [GET]
    websocket: true
    allow: [{ role: sensor }]
  - name: limited
    path: /limited
    methods: [GET]
    allow: [{ role: sensor }]
    rate: { requests: 3, seconds: 60 }
  - name: lenient
    path: /lenient
    methods: [GET]
    allow: [{ role: sensor }]
    whenStale: allow
  - name: lenient-stream
    path: /lenient/stream
    methods: [GET]
    allow: [{ role: sensor }]
    whenStale: allow
  - name: lamps
    path: /lamps
    methods: [GET]
    allow: [{ model: lamp }]
`;

export interface TestDevice extends ClientIdentity {
  readonly deviceSerial: string;
  readonly deviceRef: string;
  readonly der: Uint8Array;
}

export interface RunningGateway extends Gateway {
  readonly folder: string;
  readonly policyFile: string;
  readonly log: Record<string, unknown>[];
  /** Seconds that the gateway's clock is ahead. */
  readonly clock: { offset: number };
  /** The value of a metric, 0 where it was never counted. */
  metric(line: string): Promise<number>;
  ready(): Promise<number>;
}

const pemOf = (der: Uint8Array, { privateKey }: TestKey): ClientIdentity => ({
  cert: encodePem('CERTIFICATE', der),
  key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
});

/** The whole service with an upstream, and as many gateways before it as a test wants. */
export class GatewayWorld {
  readonly service: TestService;
  readonly upstream: TestUpstream;
  private readonly ca: CaService;
  private readonly batchId: string;
  private readonly folders: string[] = [];
  private readonly gateways: Gateway[] = [];

  private constructor(parts: { service: TestService; upstream: TestUpstream; ca: CaService; batchId: string }) {
    this.service = parts.service;
    this.upstream = parts.upstream;
    this.ca = parts.ca;
    this.batchId = parts.batchId;
  }

  static async open(adminUrl: string): Promise<GatewayWorld> {
    const service = await startTestService(adminUrl);
    // what the operator's commands do beside the service
    const ca = await openCaService({
      databaseUrl: service.databaseUrl,
      issuingKeys: path.join(service.folder, 'data', 'secrets', 'ca'),
      settings: { ...defaultCaSettings, publicHttpUrl: service.urls.public, evaluation: true, realm: REALM },
      now: systemClock.now,
      randomBytes: (length) => randomBytes(length),
      logger: createLogger({ level: 'silent', format: 'text', clock: systemClock }),
    });
    const batchId = await newBatch(service);
    return new GatewayWorld({ service, upstream: await TestUpstream.open(), ca, batchId });
  }

  async close(): Promise<void> {
    for (const gateway of this.gateways) await gateway.close();
    await this.upstream.close();
    await this.ca.close();
    await this.service.close();
    for (const folder of this.folders) await rm(folder, { recursive: true, force: true });
  }

  /** A device with the IDevID of its factory and the LDevID that it enrolled for with that. */
  async makeDevice(deviceSerial: string, label?: string): Promise<TestDevice> {
    const idevid = await this.makeIdevid(deviceSerial);
    const url = `${this.service.urls.device}/.well-known/est${label === undefined ? '' : `/${label}`}`;
    const est = new EstClient({ url, ca: this.service.admin.ca });
    const key = generateTestKey();
    const { certificates, code } = await est.simpleenroll(makeTestRequest({ key }).der, idevid);
    const [der] = certificates;
    if (der === undefined) throw new Error(`not enrolled: ${code}`);
    return { ...idevid, der, ...pemOf(der, key) };
  }

  /** One whose LDevID lives for so many seconds. */
  async makeDeviceFor(lifetime: number, deviceSerial: string): Promise<TestDevice> {
    const policy = `lives-${lifetime}`;
    await this.service.admin.post('/v1/enrollment-policies', {
      name: policy,
      label: policy,
      lifetime,
      models: ['demo-sensor'],
    });
    return this.makeDevice(deviceSerial, policy);
  }

  async makeIdevid(deviceSerial: string): Promise<TestDevice> {
    const key = generateTestKey();
    const { der: csr } = makeTestRequest({ key });
    const { answers } = await provision(this.service.admin, this.batchId, [{ deviceSerial, csr }]);
    const [answer] = answers;
    if (!answer || !('certificate' in answer)) throw new Error(`not provisioned: ${JSON.stringify(answer)}`);
    const der = new Uint8Array(Buffer.from(answer.certificate, 'base64'));
    return {
      deviceSerial,
      deviceRef: deviceRefOf({ realm: REALM, model: 'demo-sensor', deviceSerial }),
      der,
      ...pemOf(der, key),
    };
  }

  /** Suspends, releases or revokes a device; resolves when the service has acknowledged it. */
  async change(device: TestDevice, act: 'suspension' | 'release' | 'revocation'): Promise<void> {
    const body = act === 'revocation' ? { reason: 'keyCompromise' } : { cause: 'test' };
    const answer = await this.service.admin.post(`/v1/devices/${device.deviceRef}/${act}`, body);
    if (answer.status !== 200) throw new Error(`${act}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async revokeCertificate(der: Uint8Array): Promise<void> {
    await this.ca.ca.revokeServiceCertificate.run({
      serialNumber: parseCertificate(der).serialNumber,
      reason: 'keyCompromise',
    });
  }

  async startGateway(name: string, overrides: Partial<Config> = {}): Promise<RunningGateway> {
    return this.startGatewayIn(await this.makeGateway(name), overrides);
  }

  /** The folder of a gateway that has never been started: its certificates in `secrets`, and `policy.yaml`. */
  async makeGateway(name: string): Promise<string> {
    const folder = await this.newFolder();
    await this.makeCredentials(name, path.join(folder, 'secrets'));
    await writeFile(path.join(folder, 'policy.yaml'), testPolicy);
    return folder;
  }

  /** A gateway in a folder that has been one before, as after a restart. */
  async startGatewayIn(folder: string, overrides: Partial<Config> = {}): Promise<RunningGateway> {
    const policyFile = overrides.policyFile ?? path.join(folder, 'policy.yaml');
    await writeFile(policyFile, testPolicy);
    const config = configSchema.parse({
      port: 0,
      operationsPort: 0,
      upstream: this.upstream.url,
      policyFile,
      credentialsFolder: path.join(folder, 'secrets'),
      serviceUrl: this.service.urls.device,
      feedUrl: this.service.urls.gateway,
      cacheDir: path.join(folder, 'status'),
      maxAge: 3600,
      sightingsInterval: 3600,
      logFormat: 'json',
      ...overrides,
    });
    const clock = { offset: 0 };
    const log: Record<string, unknown>[] = [];
    const gatewayClock = {
      now: () => systemClock.now() + clock.offset,
      nowMs: () => systemClock.nowMs() + clock.offset * 1000,
    };
    const logger = createLogger({
      level: 'debug',
      format: 'json',
      clock: gatewayClock,
      destination: { write: (line) => void log.push(JSON.parse(line)) },
    });
    const context = { config, logger, clock: gatewayClock, randomBytes: (length: number) => randomBytes(length) };
    const gateway = await startGateway(context);
    this.gateways.push(gateway);
    return {
      ...gateway,
      folder,
      policyFile,
      log,
      clock,
      async metric(line) {
        const text = await (await fetch(`${gateway.operationsUrl}/metrics`)).text();
        const found = text.split('\n').find((one) => one.startsWith(`${line} `));
        return found === undefined ? 0 : Number(found.slice(line.length + 1));
      },
      async ready() {
        return (await fetch(`${gateway.operationsUrl}/readyz`)).status;
      },
    };
  }

  /** Lets the CA renew a gateway's certificate from now on. */
  ripen(certificate: Uint8Array): Promise<void> {
    return ripen(this.ca.db, certificate);
  }

  async newFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'touchmark-gateway-'));
    this.folders.push(folder);
    return folder;
  }

  /** What the CA's command `issue` makes for a gateway. */
  private async makeCredentials(name: string, folderPath: string): Promise<void> {
    const folder = await CredentialFolder.open(folderPath, (length) => randomBytes(length));
    const make = async (as: string, order: Omit<ServiceCertificateOrder, 'csr'>): Promise<void> => {
      const { pkcs8 } = generateKeyPair('P-256');
      const csr = encodeCertificationRequest({ privateKey: importPkcs8(pkcs8) });
      const { certificate, authorityId } = await this.ca.ca.serviceCertificates.run({ ...order, csr });
      await folder.write(as, { pkcs8, chain: [certificate, this.ca.ca.certificateOf(authorityId)] });
      await folder.writeAnchors('infrastructure', [this.ca.ca.certificateOf(authorityId)]);
    };
    await make('gateway-client', { profile: 'gateway-client', name, fields: { realm: REALM, name } });
    const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
    await make('tls-server', { profile: 'tls-server', name: `${name}.example`, fields: names });
    await folder.writeAnchors('root', [this.ca.ca.rootCertificate()]);
  }
}

async function newBatch({ admin }: TestService): Promise<string> {
  const validUntil = systemClock.now() + 3600;
  const batch = { factory: 'demo-factory', model: 'demo-sensor', policy: 'default', size: 1000, validUntil };
  const { status, body } = await admin.post('/v1/batches', batch);
  if (status >= 300) throw new Error(`no batch: ${status} ${JSON.stringify(body)}`);
  return body.id;
}
