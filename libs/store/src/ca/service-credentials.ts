import type { Transaction } from '../database.js';
import type { Seat } from './certificates.js';

/** A certificate that is not a device's: a server, gateway, service, OCSP or status signer. */
export interface ServiceCredentialRecord extends Seat {
  readonly id: string;
  readonly name: string;
  readonly profile: string;
  readonly authorityId: string;
  readonly spkiSha256: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

export async function insertServiceCredential(tx: Transaction, c: ServiceCredentialRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.service_credential (id, name, profile, authority_id, spki_sha256, list_id, index, not_before, not_after)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [c.id, c.name, c.profile, c.authorityId, c.spkiSha256, c.listId, c.index, c.notBefore, c.notAfter],
  );
}
