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

/** A service credential with the value of its seat: 0 valid, 1 invalid, 2 suspended. */
export interface ServiceCredentialWithSeat extends ServiceCredentialRecord {
  readonly seatValue: 0 | 1 | 2;
}

export async function insertServiceCredential(tx: Transaction, c: ServiceCredentialRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.service_credential (id, name, profile, authority_id, spki_sha256, list_id, index, not_before, not_after)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [c.id, c.name, c.profile, c.authorityId, c.spkiSha256, c.listId, c.index, c.notBefore, c.notAfter],
  );
}

export async function readServiceCredential(db: Queryable, seat: Seat): Promise<ServiceCredentialWithSeat | undefined> {
  const [found] = await select(db, 's.list_id = $1 AND s.index = $2', [seat.listId, seat.index]);
  return found;
}

/**
 * The same, locked until the transaction ends: whoever revokes a service's certificate takes this lock as well, and so sees what was
 * made of it before, or is seen. An advisory lock, because the rows are append-only and their role may not lock them.
 */
export async function lockServiceCredential(
  tx: Transaction,
  seat: Seat,
): Promise<ServiceCredentialWithSeat | undefined> {
  // a statement of its own: one that waits for the lock sees other tables as they were before it waited
  await tx.query(
    "SELECT pg_advisory_xact_lock(hashtextextended('ca.service_credential', 0) # ($1::bigint << 24 | $2::bigint))",
    [seat.listId, seat.index],
  );
  return readServiceCredential(tx, seat);
}

/** What was issued for a key: one at most, since each key is for one certificate. */
export async function serviceCredentialOfKey(
  db: Queryable,
  spkiSha256: Uint8Array,
): Promise<ServiceCredentialWithSeat | undefined> {
  const [found] = await select(db, 's.spki_sha256 = $1', [spkiSha256]);
  return found;
}

async function select(
  db: Queryable,
  condition: string,
  parameters: readonly unknown[],
): Promise<ServiceCredentialWithSeat[]> {
  const rows = await db.query<
    Omit<ServiceCredentialWithSeat, 'notBefore' | 'notAfter'> & { notBefore: string; notAfter: string }
  >(
    `SELECT s.id, s.name, s.profile, s.authority_id AS "authorityId", s.spki_sha256 AS "spkiSha256", s.list_id AS "listId", s.index,
            s.not_before AS "notBefore", s.not_after AS "notAfter", coalesce(r.value, 0) AS "seatValue"
       FROM ca.service_credential s
       LEFT JOIN ca.revocation r ON r.list_id = s.list_id AND r.index = s.index
      WHERE ${condition}`,
    parameters,
  );
  return rows.map((row) => ({ ...row, notBefore: Number(row.notBefore), notAfter: Number(row.notAfter) }));
}

/** Certificates of all status keys that are on record, DER. */
export async function statusSignerCertificates(db: Queryable): Promise<Uint8Array[]> {
  const rows = await db.query<{ der: Uint8Array }>(
    `SELECT c.der FROM ca.service_credential s JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index
      WHERE s.profile = 'status-signer'`,
  );
  return rows.map(({ der }) => der);
}
