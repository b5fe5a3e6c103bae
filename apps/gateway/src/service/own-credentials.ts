import { readFile } from 'node:fs/promises';
import { CredentialFolder, CredentialRenewal, type TlsCredentials } from '@touchmark/credentials';
import { formatSpiffeId, readIdentity } from '@touchmark/verifier';
import { decodePem } from '@touchmark/x509';
import type { IdentityKey } from '../headers/identity-signer.js';
import { relayRenewal } from './relay-renewal.js';
import { ServiceClient } from './service-client.js';

export interface OwnCredentialsOptions {
  readonly folder: string;
  readonly serviceUrl: string;
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly onError: (error: unknown) => void;
}

/**
 * The gateway's own certificates: `gateway-client`, with which it goes to the service, follows the feed and signs what it says of
 * devices, and `tls-server`, which devices see. Both are renewed through the service, each with its own key's proof.
 */
export class OwnCredentials {
  readonly service: ServiceClient;
  readonly client: CredentialRenewal;
  readonly server: CredentialRenewal;
  private readonly folder: CredentialFolder;

  private constructor(parts: Pick<OwnCredentials, 'service' | 'client' | 'server'> & { folder: CredentialFolder }) {
    this.service = parts.service;
    this.client = parts.client;
    this.server = parts.server;
    this.folder = parts.folder;
    this.client.onChange(() => this.service.setTls(this.client.tls()));
  }

  /** Codes of CredentialsError and KeysError for a folder that lacks something. */
  static async open({
    folder: path,
    serviceUrl,
    now,
    randomBytes,
    onError,
  }: OwnCredentialsOptions): Promise<OwnCredentials> {
    const folder = await CredentialFolder.open(path, randomBytes);
    // the client's own certificate is what its renewals are sent with
    const late: { service?: ServiceClient } = {};
    const renew = relayRenewal({
      post: (target, body) => late.service?.post(target, body) ?? Promise.reject(new TypeError('not open yet')),
    });
    const open = (name: string): Promise<CredentialRenewal> =>
      CredentialRenewal.open({ folder, name, renew, now, onError });
    const client = await open('gateway-client');
    const server = await open('tls-server');
    const service = (late.service = new ServiceClient(serviceUrl, client.tls()));
    return new OwnCredentials({ service, client, server, folder });
  }

  start(): void {
    this.client.start();
    this.server.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.client.stop(), this.server.stop()]);
    this.service.close();
  }

  /** Certificates that devices' certificates lead to, DER: of the PEM file, or `root.pem` of the folder. */
  async trustAnchors(file: string | undefined): Promise<readonly Uint8Array[]> {
    if (file === undefined) return this.folder.readAnchors('root');
    const anchors = decodePem(await readFile(file, 'latin1')).map(({ der }) => der);
    if (anchors.length === 0) throw new TypeError(`there is no certificate in ${file}`);
    return anchors;
  }

  /** For `Touchmark-Identity`. */
  identityKey(): IdentityKey {
    const { privateKey, chain, certificate } = this.client.current();
    return { privateKey, chain, issuer: this.identity().id, notAfter: certificate.notAfter };
  }

  /** UTC seconds. */
  notAfter(which: 'client' | 'server'): number {
    return this[which].current().certificate.notAfter;
  }

  /** Who the gateway is, by its own certificate. TypeError where that is not a gateway's. */
  identity(): { readonly id: string; readonly realm: string; readonly name: string } {
    const identity = readIdentity(this.client.current().certificate);
    if (identity?.kind !== 'gateway') throw new TypeError('gateway-client is not the certificate of a gateway');
    return { id: formatSpiffeId(identity), realm: identity.realm, name: identity.name };
  }

  /** For servers and clients of node:tls. */
  tls(which: 'client' | 'server'): TlsCredentials {
    return this[which].tls();
  }
}
