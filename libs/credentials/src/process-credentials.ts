import type { CaPort } from '@touchmark/ca-port';
import { CredentialFolder } from './credential-folder.js';
import { CredentialRenewal } from './credential-renewal.js';

export interface ProcessCredentialsOptions<Port> {
  /** The process's folder of secrets. */
  readonly folder: string;
  readonly randomBytes: (length: number) => Uint8Array;
  /** UTC seconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** Connects to the CA with the service certificate, which may be exchanged meanwhile. */
  readonly connect: (service: CredentialRenewal) => Port;
}

export interface ProcessCredentials<Port> {
  readonly ca: Port;
  /** For the TLS ports. */
  readonly tlsServer: CredentialRenewal;
  /** Begins to renew both, until stopped. */
  start(): void;
  stop(): Promise<void>;
}

/**
 * The certificates of a process that reaches the CA over the network, `service` for that and `tls-server` for its own ports: both are
 * renewed by the CA without a restart.
 */
export async function openProcessCredentials<Port extends Pick<CaPort, 'renewServiceCertificates'>>(
  options: ProcessCredentialsOptions<Port>,
): Promise<ProcessCredentials<Port>> {
  const { now, onError, connect } = options;
  const folder = await CredentialFolder.open(options.folder, options.randomBytes);
  let ca: Port | undefined;
  const open = (name: string): Promise<CredentialRenewal> =>
    CredentialRenewal.open({
      folder,
      name,
      async renew(request) {
        const [outcome] = (await ca?.renewServiceCertificates([request])) ?? [];
        if (!outcome) throw new TypeError('the CA answered fewer items than were asked');
        return outcome;
      },
      now,
      onError,
    });
  const renewals = [await open('service'), await open('tls-server')] as const;
  const [service, tlsServer] = renewals;
  ca = connect(service);
  return {
    ca,
    tlsServer,
    start() {
      for (const renewal of renewals) renewal.start();
    },
    async stop() {
      for (const renewal of renewals) await renewal.stop();
    },
  };
}
