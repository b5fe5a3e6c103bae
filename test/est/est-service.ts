import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Module } from '@nestjs/common';
import { deviceRefOf } from '@touchmark/ca-port';
import { createApplication, createLogger, openListeners, type RunningListeners } from '@touchmark/server';
import {
  allowModels,
  type Bootstrap,
  insertEnrollmentPolicy,
  insertEnrollmentToken,
  insertModel,
  listRefusals,
} from '@touchmark/store';
import { EstClient, makeTestRequest, type TestKey } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { EstModule } from '../../apps/enrollment/src/est/est.module.js';
import { identityOf, idevidRequest, issued, TestCaService, testModel } from '../fixture/test-ca.js';

/** A device's certificate and key in files and as PEM. */
export interface DeviceFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
  readonly der: Uint8Array;
}

/** What the tests of EST need of a running service. */
export interface EstService {
  /** `https://localhost:port/.well-known/est`. */
  readonly url: string;
  readonly port: number;
  readonly caFile: string;
  readonly caPem: string;
  /** For files of the test. */
  readonly folder: string;
  readonly client: EstClient;
  readonly errors: readonly unknown[];
  makeToken(deviceSerial: string, options?: { policy?: PolicyName; lifetime?: number }): Promise<string>;
  makeIdevid(deviceSerial: string): Promise<DeviceFiles>;
  save(der: Uint8Array, key: KeyObject, name?: string): DeviceFiles;
  suspend(deviceSerial: string): Promise<void>;
  revoke(deviceSerial: string): Promise<void>;
  deviceState(deviceSerial: string): Promise<string | undefined>;
  /** Writes another policy into the device's row. */
  moveToPolicy(deviceSerial: string, policy: PolicyName): Promise<void>;
  /** Codes of the refusals that were recorded for a device, newest first. */
  refusals(deviceSerial: string): Promise<string[]>;
  count(table: string): Promise<number>;
  /** Moves the service's clock. */
  advance(seconds: number): void;
  close(): Promise<void>;
}

/**
 * `default`: no label, token and IDevID. `tokens`: label `tokens`, by token alone. `idevids`: label `idevids`, by IDevID alone.
 * `others`: label `others`, for no model of ours. `private`: label `private`, pseudonymous LDevIDs.
 */
const policyNames = ['default', 'tokens', 'idevids', 'others', 'private'] as const;
export type PolicyName = (typeof policyNames)[number];

const POLICIES: Readonly<Record<PolicyName, { label: string | null; bootstrap: Bootstrap[]; pseudonymous?: boolean }>> =
  {
    default: { label: null, bootstrap: ['token', 'idevid'] },
    tokens: { label: 'tokens', bootstrap: ['token'] },
    idevids: { label: 'idevids', bootstrap: ['idevid'] },
    others: { label: 'others', bootstrap: ['token', 'idevid'] },
    private: { label: 'private', bootstrap: ['token', 'idevid'], pseudonymous: true },
  };

/** EST as the enrollment process serves it, on a CA and a database of its own. */
export async function startEstService(adminUrl: string): Promise<EstService> {
  const ca = await TestCaService.open(adminUrl);
  const { modelId, policyIds } = await fillRegistry(ca);
  const folder = mkdtempSync(path.join(tmpdir(), 'touchmark-est-'));
  const errors: unknown[] = [];
  const running = await listen(ca, errors);
  const { port } = running.listener('device');
  const url = `https://localhost:${port}/.well-known/est`;
  const root = ca.authorities.describe().find(({ kind }) => kind === 'root');
  if (!root) throw new Error('a hierarchy without a root');
  const caPem = encodePem('CERTIFICATE', root.certificate);
  const caFile = path.join(folder, 'root.pem');
  writeFileSync(caFile, caPem);

  const save = (der: Uint8Array, privateKey: KeyObject, name: string = randomUUID()): DeviceFiles => {
    const cert = encodePem('CERTIFICATE', der);
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const [certFile, keyFile] = [path.join(folder, `${name}.pem`), path.join(folder, `${name}.key`)];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return { certFile, keyFile, cert, key, der };
  };
  const changeStatus = async (change: Parameters<typeof ca.port.changeStatus>[0][number]): Promise<void> => {
    const [outcome] = await ca.port.changeStatus([change]);
    if (!outcome?.ok) throw new Error(`not changed: ${outcome?.code}`);
  };

  return {
    url,
    port,
    caFile,
    caPem,
    folder,
    errors,
    save,
    client: new EstClient({ url, ca: caPem }),
    async makeToken(deviceSerial, { policy = 'default', lifetime = 3600 } = {}) {
      const validUntil = ca.now() + lifetime;
      const warrantId = await ca.tokenWarrant(deviceSerial, { validUntil });
      const secret = randomBytes(32);
      await insertEnrollmentToken(ca.db, {
        id: randomUUID(),
        secretSha256: createHash('sha256').update(secret).digest(),
        policyId: policyIds[policy],
        modelId,
        deviceRef: deviceRefOf(identityOf(deviceSerial)),
        deviceSerial,
        warrantId,
        validUntil,
        createdBy: 'test',
      });
      return secret.toString('base64url');
    },
    async makeIdevid(deviceSerial) {
      const { key, request } = idevidOrder(deviceSerial, await ca.batchWarrant(1));
      const { certificate } = issued(await ca.issue(request));
      return save(certificate, key.privateKey);
    },
    suspend: (serial) => changeStatus({ act: 'suspend', target: deviceTarget(serial), cause: 'test' }),
    revoke: (serial) => changeStatus({ act: 'revoke', target: deviceTarget(serial), reason: 'keyCompromise' }),
    async deviceState(deviceSerial) {
      const rows = await ca.db.query<{ state: string }>('SELECT state FROM registry.device WHERE device_ref = $1', [
        deviceRefOf(identityOf(deviceSerial)),
      ]);
      return rows[0]?.state;
    },
    async moveToPolicy(deviceSerial, policy) {
      const ref = deviceRefOf(identityOf(deviceSerial));
      await ca.db.query('UPDATE registry.device SET policy_id = $1 WHERE device_ref = $2', [policyIds[policy], ref]);
    },
    async refusals(deviceSerial) {
      const deviceRef = deviceRefOf(identityOf(deviceSerial));
      return (await listRefusals(ca.db, { deviceRef }, { before: undefined, limit: 100 })).map(({ code }) => code);
    },
    async count(table) {
      const [row] = await ca.db.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
      return row?.count ?? 0;
    },
    advance: (seconds) => ca.advance(seconds),
    async close() {
      await running.close(0);
      await ca.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const deviceTarget = (deviceSerial: string) => ({ kind: 'device', identity: identityOf(deviceSerial) }) as const;

function idevidOrder(deviceSerial: string, warrantId: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subjectPublicKeyInfo = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const key: TestKey = { kind: 'EC P-256', privateKey, subjectPublicKeyInfo };
  return { key, request: idevidRequest(deviceSerial, warrantId, key) };
}

async function fillRegistry(ca: TestCaService): Promise<{ modelId: string; policyIds: Record<PolicyName, string> }> {
  const { realm, model: name } = testModel;
  const modelId = randomUUID();
  await insertModel(ca.db, { id: modelId, realm, name, hwType: '2.25.1234', organization: 'Acme' });
  const policyIds: Record<PolicyName, string> = {
    default: randomUUID(),
    tokens: randomUUID(),
    idevids: randomUUID(),
    others: randomUUID(),
    private: randomUUID(),
  };
  for (const policy of policyNames) {
    const id = policyIds[policy];
    await ca.db.transaction((tx) =>
      insertEnrollmentPolicy(tx, {
        id,
        name: policy,
        lifetime: 30 * 86_400,
        suspendOnFork: false,
        revokeReplaced: false,
        pseudonymous: false,
        keyAlgorithm: 'EC P-256',
        ...POLICIES[policy],
      }),
    );
    if (policy !== 'others') await allowModels(ca.db, id, [modelId]);
  }
  return { modelId, policyIds };
}

async function listen(ca: TestCaService, errors: unknown[]): Promise<RunningListeners> {
  const est = EstModule.register({
    ca: ca.port,
    db: ca.enrollmentDb,
    now: () => ca.now(),
    onError: (error) => errors.push(error),
  });
  @Module({ imports: [est] })
  class RootModule {}
  const logger = createLogger({ level: 'silent', format: 'json', clock: { now: () => ca.now(), nowMs: () => 0 } });
  const app = await createApplication(RootModule, { logger, randomBytes, describeError: () => undefined });
  const { privateKey, certificates } = await serverCertificate(ca);
  const cert = certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const tls = { cert, key, requestCertificate: true };
  return openListeners(app, [{ name: 'device', host: '127.0.0.1', port: 0, setting: 'DEVICE_PORT', tls }]);
}

async function serverCertificate(ca: TestCaService): Promise<{ privateKey: KeyObject; certificates: Uint8Array[] }> {
  const { der: csr, key } = makeTestRequest();
  const { certificate } = await ca.ca.serviceCertificates.run({
    profile: 'tls-server',
    name: 'est',
    fields: { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
    csr,
  });
  const issuer = ca.authorities.describe().find(({ kind }) => kind === 'infrastructure');
  return { privateKey: key.privateKey, certificates: [certificate, ...(issuer ? [issuer.certificate] : [])] };
}
