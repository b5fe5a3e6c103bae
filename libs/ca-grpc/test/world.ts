import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { Oid, toHex } from '@touchmark/der';
import { capHandshakes } from '@touchmark/server';
import { allowedCalls, CaCallRefusedError, type CaCaller, type CaPort } from '@touchmark/ca-port';
import { generateTestKey, TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import type { CertificateStatus } from '@touchmark/verifier';
import { encodePem } from '@touchmark/x509';
import { CaPortClient, connectCaPort, type ConnectCaPortOptions } from '../src/connect-ca-port.js';
import type { GrpcCredentials } from '../src/credentials.js';
import { CaGrpcError } from '../src/error.js';
import type { ServerStatus } from '../src/server-judge.js';
import { type CaPortServer, serveCaPort, type ServeCaPortOptions } from '../src/serve-ca-port.js';

export const realm = 'devices.test';
const DAY = 86_400;
const wallClock = (): number => Math.floor(Date.now() / 1000);
const forADay = { notBefore: wallClock() - DAY, notAfter: wallClock() + DAY };

const root = TestCa.root({ subject: 'Root', ...forADay });
export const infrastructure = root.issueCa({ subject: 'Infrastructure CA', ...forADay });
export const ldevid = root.issueCa({ subject: 'LDevID CA', ...forADay });
/** A hierarchy that somebody else made, with our names. */
export const impostor = TestCa.root({ subject: 'Root', ...forADay }).issueCa({
  subject: 'Infrastructure CA',
  ...forADay,
});

export interface TestCredentials extends GrpcCredentials {
  readonly serialNumber: Uint8Array;
  readonly tls: () => { key: string; cert: string; ca: string };
  /** Exchanges key and certificate, as a renewal does. */
  renew(): void;
}

/** Key and certificate for a SPIFFE URI, with both purposes, as profile `service` has it. */
export function credentials(
  path: string,
  issuer = infrastructure,
  options: TestCertificateOptions = {},
): TestCredentials {
  const listeners = new Set<() => void>();
  const make = () => {
    const key = generateTestKey();
    const uri = { kind: 'uniformResourceIdentifier', value: `spiffe://${path}` } as const;
    const extKeyUsage = [Oid.serverAuth, Oid.clientAuth];
    const issued = issuer.issue({ subject: path, subjectAltName: [uri], extKeyUsage, ...forADay, key, ...options });
    return {
      serialNumber: issued.certificate.serialNumber,
      key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      cert: encodePem('CERTIFICATE', issued.der) + encodePem('CERTIFICATE', issuer.der),
      ca: encodePem('CERTIFICATE', infrastructure.der),
    };
  };
  let current = make();
  return {
    get serialNumber() {
      return current.serialNumber;
    },
    tls: () => current,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    renew() {
      current = make();
      for (const listener of listeners) listener();
    },
  };
}

export const service = (name: string): TestCredentials => credentials(`${realm}/service/${name}`);

/** A CA that a test scripts, served over gRPC on a free port. */
export class World {
  readonly statuses = new Map<string, CertificateStatus>();
  readonly refused: (CaGrpcError | CaCallRefusedError)[] = [];
  readonly errors: unknown[] = [];
  readonly serverCredentials = service('ca');
  /** Seconds that the server's clock is ahead. */
  ahead = 0;
  ca: Partial<CaPort> = {};
  /** What the clients know of the server's certificate. */
  serverStatusOf: ServerStatus = () => 'valid';
  /** Seconds that the clients' clock is ahead. */
  clientAhead = 0;
  clientNow = (): number => wallClock() + this.clientAhead;
  statusOf: ServeCaPortOptions['statusOf'] = async (serialNumber) => this.statuses.get(toHex(serialNumber)) ?? 'valid';
  private server: CaPortServer | undefined;
  private readonly clients: CaPortClient[] = [];
  private onRefusedOnce: (() => void) | undefined;

  async listen(options: Partial<ServeCaPortOptions> = {}): Promise<void> {
    this.server = await serveCaPort({
      host: '127.0.0.1',
      port: 0,
      credentials: this.serverCredentials,
      realm,
      portFor: (caller) => this.portFor(caller),
      statusOf: (serialNumber) => this.statusOf(serialNumber),
      capHandshakes: (server) => void capHandshakes(server, 128),
      now: () => wallClock() + this.ahead,
      onRefused: (error) => {
        this.refused.push(error);
        this.onRefusedOnce?.();
      },
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  get port(): number {
    if (!this.server) throw new Error('not listening');
    return this.server.port;
  }

  connect(own: GrpcCredentials, options: Partial<ConnectCaPortOptions> = {}): CaPortClient {
    const url = `https://127.0.0.1:${this.port}`;
    const client = connectCaPort({
      url,
      caller: 'enrollment',
      credentials: own,
      realm,
      statusOf: (issuer, serialNumber) => this.serverStatusOf(issuer, serialNumber),
      now: () => this.clientNow(),
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  /** The reason of the next connection or call that is turned away. */
  nextRefusal(): Promise<string> {
    return new Promise((resolve) => {
      this.onRefusedOnce = () => {
        const last = this.refused.at(-1);
        resolve(last instanceof CaGrpcError ? last.context.reason : '');
      };
    });
  }

  async stop(graceMilliseconds = 0): Promise<void> {
    await this.server?.close(graceMilliseconds);
    this.server = undefined;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.stop();
  }

  /** As apps/ca has it: what the caller may not call is refused. */
  private portFor(caller: CaCaller): CaPort {
    const call =
      (name: keyof CaPort) =>
      (...args: unknown[]): Promise<never> => {
        if (!allowedCalls[caller].includes(name)) throw new CaCallRefusedError(caller, name);
        const scripted = this.ca[name];
        if (!scripted) throw new Error(`nothing is scripted for ${name}`);
        return Reflect.apply(scripted, undefined, args);
      };
    return {
      issueCertificates: call('issueCertificates'),
      changeStatus: call('changeStatus'),
      confirmSeen: call('confirmSeen'),
      openWarrants: call('openWarrants'),
      renewOcspSigners: call('renewOcspSigners'),
      renewServiceCertificates: call('renewServiceCertificates'),
      describeAuthorities: call('describeAuthorities'),
    };
  }
}

/** Answers each call with as many refusals as there are items. */
export const refusingCa: CaPort = {
  issueCertificates: async (requests) => requests.map(refusal),
  changeStatus: async (changes) => changes.map(refusal),
  confirmSeen: async (sightings) => sightings.map(refusal),
  openWarrants: async (warrants) => warrants.map(refusal),
  renewOcspSigners: async (requests) => requests.map(refusal),
  renewServiceCertificates: async (requests) => requests.map(refusal),
  describeAuthorities: async () => [{ id: 'root-g1', kind: 'root', certificate: root.der }],
};

function refusal() {
  return { ok: false, code: 'QUOTA_EXCEEDED', detail: 'later' } as const;
}

/** One item for each call. */
export const oneOfEach: { [Call in keyof CaPort]: (port: CaPort) => Promise<unknown[]> } = {
  issueCertificates: (port) => port.issueCertificates([issueRequest(Uint8Array.of(1))]),
  changeStatus: (port) => port.changeStatus([{ act: 'retire', target: { kind: 'device', identity } }]),
  confirmSeen: (port) => port.confirmSeen([{ certificate: Uint8Array.of(1), at: 1 }]),
  openWarrants: (port) =>
    port.openWarrants([{ kind: 'token', warrantId: 'w', identity, profile: 'ldevid', validUntil: 1 }]),
  renewOcspSigners: (port) => port.renewOcspSigners([{ authorityId: 'a', csr: Uint8Array.of(1) }]),
  renewServiceCertificates: (port) => {
    const octets = Uint8Array.of(1);
    return port.renewServiceCertificates([{ certificate: octets, csr: octets, proof: octets }]);
  },
  describeAuthorities: (port) => port.describeAuthorities(),
};

const identity = { realm, model: 'm', deviceSerial: 'S-1' };

export function issueRequest(csr: Uint8Array) {
  const evidence = { kind: 'warrant', warrantId: 'w' } as const;
  return { identity, profile: 'idevid', csr, evidence, terms: { policy: 'p' } } as const;
}

/** A call that waits until the test lets it go on. */
export class Gate {
  /** Resolves when the call has come. */
  readonly entered: Promise<void>;
  private readonly opened: Promise<void>;
  private enter: () => void = () => undefined;
  private letGo: () => void = () => undefined;

  constructor() {
    this.entered = new Promise((resolve) => (this.enter = resolve));
    this.opened = new Promise((resolve) => (this.letGo = resolve));
  }

  open(): void {
    this.letGo();
  }

  readonly describeAuthorities = async (): Promise<[]> => {
    this.enter();
    await this.opened;
    return [];
  };
}

/** A TLS connection to the server that speaks no gRPC. */
export async function tlsConnection(port: number, own: GrpcCredentials, protocols = ['h2']): Promise<TLSSocket> {
  const { key, cert, ca } = own.tls();
  const socket = connect({
    host: '127.0.0.1',
    port,
    key,
    cert,
    ca,
    ALPNProtocols: protocols,
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}
