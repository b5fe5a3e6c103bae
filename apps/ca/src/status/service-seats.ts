import { readCertificates, type ServiceCredentialWithSeat, type Transaction } from '@touchmark/store';

/** Service credentials with the random octets of their serial numbers, which CRLs list. */
export async function withRandom(
  tx: Transaction,
  credentials: readonly ServiceCredentialWithSeat[],
): Promise<(ServiceCredentialWithSeat & { readonly random: Uint8Array })[]> {
  const stored = new Map((await readCertificates(tx, credentials)).map((c) => [`${c.listId}.${c.index}`, c.random]));
  return credentials.map((credential) => {
    const random = stored.get(`${credential.listId}.${credential.index}`);
    if (!random) throw new TypeError('a service credential without a certificate');
    return { ...credential, random };
  });
}
