import type { Queryable, Transaction } from '../database.js';
import type { Seat } from './certificates.js';

/** Whom certificates are for, one after the other: what they share. */
export interface ServiceHolder {
  readonly profile: string;
  readonly name: string;
}

/** A certificate that is not a device's: a server, gateway, service, OCSP or status signer. */
export interface ServiceCredentialRecord extends Seat, ServiceHolder {
  readonly id: string;
  readonly authorityId: string;
  readonly spkiSha256: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** The credential whose key asked for this one; null where an operator's command or a start of the process did. */
  readonly parentId: string | null;
}

/** A service credential with the value of its seat: 0 valid, 1 invalid, 2 suspended. */
export interface ServiceCredentialWithSeat extends ServiceCredentialRecord {
  readonly seatValue: 0 | 1 | 2;
  /** UTC seconds at which its own key first proved itself to the CA. */
  readonly seenAt: number | null;
}

export async function insertServiceCredential(tx: Transaction, c: ServiceCredentialRecord): Promise<void> {
  await tx.query(
    `INSERT INTO ca.service_credential
       (id, name, profile, authority_id, spki_sha256, list_id, index, not_before, not_after, parent_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [c.id, c.name, c.profile, c.authorityId, c.spkiSha256, c.listId, c.index, c.notBefore, c.notAfter, c.parentId],
  );
}

/**
 * Locks a holder until the transaction ends, by its row, which nobody but the CA's role may lock: whoever issues, renews or revokes a
 * certificate of that holder sees what was done before, or is seen. A statement of its own: what is read after it is of after the wait.
 */
export async function lockServiceHolder(tx: Transaction, { profile, name }: ServiceHolder): Promise<void> {
  await tx.query(
    `INSERT INTO ca.service_holder (profile, name) VALUES ($1, $2)
     ON CONFLICT (profile, name) DO UPDATE SET name = EXCLUDED.name`,
    [profile, name],
  );
}

export async function readServiceCredential(db: Queryable, seat: Seat): Promise<ServiceCredentialWithSeat | undefined> {
  const [found] = await select(db, 's.list_id = $1 AND s.index = $2', [seat.listId, seat.index]);
  return found;
}

/** All that a holder ever had. */
export async function serviceCredentialsOf(
  db: Queryable,
  { profile, name }: ServiceHolder,
): Promise<ServiceCredentialWithSeat[]> {
  return select(db, 's.profile = $1 AND s.name = $2', [profile, name]);
}

/** What was issued for a key: one at most, since each key is for one certificate. */
export async function serviceCredentialOfKey(
  db: Queryable,
  spkiSha256: Uint8Array,
): Promise<ServiceCredentialWithSeat | undefined> {
  const [found] = await select(db, 's.spki_sha256 = $1', [spkiSha256]);
  return found;
}

/** The first time stays. */
export async function markServiceCredentialSeen(tx: Transaction, id: string, at: number): Promise<void> {
  await tx.query('UPDATE ca.service_credential SET seen_at = $2 WHERE id = $1 AND seen_at IS NULL', [id, at]);
}

type Bigints = 'notBefore' | 'notAfter' | 'seenAt';
type Row = Omit<ServiceCredentialWithSeat, Bigints> &
  Record<'notBefore' | 'notAfter', string> & {
    readonly seenAt: string | null;
  };

async function select(
  db: Queryable,
  condition: string,
  parameters: readonly unknown[],
): Promise<ServiceCredentialWithSeat[]> {
  const rows = await db.query<Row>(
    `SELECT s.id, s.name, s.profile, s.authority_id AS "authorityId", s.spki_sha256 AS "spkiSha256", s.list_id AS "listId", s.index,
            s.not_before AS "notBefore", s.not_after AS "notAfter", s.parent_id AS "parentId", s.seen_at AS "seenAt",
            coalesce(r.value, 0) AS "seatValue"
       FROM ca.service_credential s
       LEFT JOIN ca.revocation r ON r.list_id = s.list_id AND r.index = s.index
      WHERE ${condition}`,
    parameters,
  );
  return rows.map((row) => ({
    ...row,
    notBefore: Number(row.notBefore),
    notAfter: Number(row.notAfter),
    seenAt: row.seenAt === null ? null : Number(row.seenAt),
  }));
}

/** Certificates of all status keys that are on record, DER. */
export async function statusSignerCertificates(db: Queryable): Promise<Uint8Array[]> {
  const rows = await db.query<{ der: Uint8Array }>(
    `SELECT c.der FROM ca.service_credential s JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index
      WHERE s.profile = 'status-signer'`,
  );
  return rows.map(({ der }) => der);
}
