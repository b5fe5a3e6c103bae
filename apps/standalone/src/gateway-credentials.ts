import path from 'node:path';
import { CredentialFolder } from '@touchmark/credentials';
import type { RandomBytes } from '@touchmark/server';
import type { Ca } from '../../ca/src/ca.js';
import { issueCredential } from '../../ca/src/signers/issue-credential.js';

const NAME = 'gateway-1';

/** A folder of secrets with which a gateway on this machine can start at once. What is there is kept: the gateway renews it. */
export async function makeGatewayCredentials(
  ca: Ca,
  secrets: string,
  { realm, randomBytes }: { readonly realm: string; readonly randomBytes: RandomBytes },
): Promise<void> {
  const folder = await CredentialFolder.open(path.join(secrets, 'gateway'), randomBytes);
  await folder.writeAnchors('root', [ca.rootCertificate()]);
  await folder.writeAnchors('infrastructure', ca.infrastructureCertificates());
  if (!(await folder.has('gateway-client'))) {
    await issueCredential(ca, folder, 'gateway-client', {
      profile: 'gateway-client',
      name: NAME,
      fields: { realm, name: NAME },
    });
  }
  if (await folder.has('tls-server')) return;
  await issueCredential(ca, folder, 'tls-server', {
    profile: 'tls-server',
    name: 'localhost',
    fields: { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] },
  });
}
