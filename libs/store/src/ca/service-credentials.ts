import type { Queryable, Transaction } from '../database.js';
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

/** The newest certificate of that profile and name, if any. */
export async function latestServiceCredential(
  db: Queryable,
  profile: string,
  name: string,
): Promise<(ServiceCredentialRecord & { der: Uint8Array }) | undefined> {
  const rows = await db.query<
    Omit<ServiceCredentialRecord, 'notBefore' | 'notAfter'> & { der: Uint8Array; notBefore: string; notAfter: string }
  >(
    `SELECT s.id, s.name, s.profile, s.authority_id AS "authorityId", s.spki_sha256 AS "spkiSha256", s.list_id AS "listId", s.index,
            s.not_before AS "notBefore", s.not_after AS "notAfter", c.der
       FROM ca.service_credential s JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index
      WHERE s.profile = $1 AND s.name = $2 ORDER BY s.not_after DESC LIMIT 1`,
    [profile, name],
  );
  const row = rows[0];
  return row && { ...row, notBefore: Number(row.notBefore), notAfter: Number(row.notAfter) };
}
