import type { CredentialFolder } from '@touchmark/credentials';
import { generateKeyPair, importPkcs8 } from '@touchmark/keys';
import { encodeCertificationRequest } from '@touchmark/x509';
import type { Ca } from '../ca.js';
import type { ServiceCertificateOrder } from './issue-service-certificate.js';

/** A new P-256 key and a certificate for it, put into a folder of secrets under `name`. The key is in clear in this process alone. */
export async function issueCredential(
  ca: Ca,
  folder: CredentialFolder,
  name: string,
  order: Omit<ServiceCertificateOrder, 'csr'>,
): Promise<void> {
  const { pkcs8 } = generateKeyPair('P-256');
  try {
    const csr = encodeCertificationRequest({ privateKey: importPkcs8(pkcs8) });
    const { certificate, authorityId } = await ca.serviceCertificates.run({ ...order, csr });
    await folder.write(name, { pkcs8, chain: [certificate, ca.certificateOf(authorityId)] });
  } finally {
    pkcs8.fill(0);
  }
}
