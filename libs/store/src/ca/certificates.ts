import { byteaArray, integerArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

export interface Seat {
  readonly listId: number;
  readonly index: number;
}

export interface CertificateRecord extends Seat {
  /** The 8 random octets of the serialNumber. */
  readonly random: Uint8Array;
  /** Absent for certificates that are not a device's. */
  readonly deviceRef: string | null;
  readonly credentialId: string | null;
  /** Certificate, DER. */
  readonly der: Uint8Array;
}

const columns =
  'c.list_id AS "listId", c.index, c.random, c.device_ref AS "deviceRef", c.credential_id AS "credentialId", c.der';

export async function insertCertificates(tx: Transaction, certificates: readonly CertificateRecord[]): Promise<void> {
  if (certificates.length === 0) return;
  await tx.query(
    `INSERT INTO ca.certificate (list_id, index, random, device_ref, credential_id, der)
     SELECT * FROM unnest($1::int[], $2::int[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bytea[])`,
    [
      integerArray(certificates.map((c) => c.listId)),
      integerArray(certificates.map((c) => c.index)),
      byteaArray(certificates.map((c) => c.random)),
      uuidArray(certificates.map((c) => c.deviceRef)),
      uuidArray(certificates.map((c) => c.credentialId)),
      byteaArray(certificates.map((c) => c.der)),
    ],
  );
}

export async function readCertificates(db: Queryable, seats: readonly Seat[]): Promise<CertificateRecord[]> {
  if (seats.length === 0) return [];
  return db.query<CertificateRecord>(
    `SELECT ${columns} FROM unnest($1::int[], $2::int[]) AS s (list_id, index)
       JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index`,
    [seats.map((s) => s.listId), seats.map((s) => s.index)],
  );
}
