import { isIP } from 'node:net';
import { generateKeyPair, importPkcs8 } from '@touchmark/keys';
import type { RunningListeners, ServerCredentials } from '@touchmark/server';
import { encodeCertificationRequest, encodePem } from '@touchmark/x509';
import type { Ca } from '../ca.js';

export interface ServerCertificate extends ServerCredentials {
  /** UTC seconds at which half of its life is over. */
  readonly renewAt: number;
}

/**
 * A certificate for the TLS ports with a key that lives in memory only: each start makes a new one, so there is none to steal
 * from a disk. The chain is sent with its issuing CA; clients hold the root.
 */
export async function newServerCertificate(ca: Ca, serverNames: readonly string[]): Promise<ServerCertificate> {
  const key = generateKeyPair('P-256');
  const privateKey = importPkcs8(key.pkcs8);
  key.pkcs8.fill(0);
  const { certificate, authorityId, notBefore, notAfter } = await ca.serviceCertificates.run({
    profile: 'tls-server',
    name: serverNames[0] ?? '',
    fields: {
      dnsNames: serverNames.filter((name) => isIP(name) === 0),
      ipAddresses: serverNames.filter((name) => isIP(name) !== 0),
    },
    csr: encodeCertificationRequest({ privateKey }),
  });
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: encodePem('CERTIFICATE', certificate) + encodePem('CERTIFICATE', ca.certificateOf(authorityId)),
    renewAt: Math.floor((notBefore + notAfter) / 2),
  };
}

const CHECK_MILLISECONDS = 3_600_000;

/** Swaps the certificate of the TLS ports when half of its life is over, without a restart. Returns how to stop. */
export function renewServerCertificate(
  ca: Ca,
  serverNames: readonly string[],
  running: RunningListeners,
  first: ServerCertificate,
  options: { readonly now: () => number; readonly onError: (error: unknown) => void },
): () => void {
  let { renewAt } = first;
  const renew = async (): Promise<void> => {
    if (options.now() < renewAt) return;
    const next = await newServerCertificate(ca, serverNames);
    for (const name of ['device', 'admin', 'gateway'] as const) running.listener(name).setSecureContext(next);
    ({ renewAt } = next);
  };
  const timer = setInterval(() => void renew().catch(options.onError), CHECK_MILLISECONDS);
  timer.unref();
  return () => clearInterval(timer);
}
