import type { AuthorityKind } from '@touchmark/ca-port';
import type { Queryable, Transaction } from '../database.js';

export interface AuthorityRecord {
  readonly id: string;
  readonly kind: AuthorityKind;
  readonly issuerId: string | null;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
}

export async function activeAuthorities(db: Queryable): Promise<AuthorityRecord[]> {
  return db.query<AuthorityRecord>(
    `SELECT id, kind, issuer_id AS "issuerId", certificate FROM ca.authority WHERE state = 'active' ORDER BY created_at, id`,
  );
}

export async function insertAuthority(tx: Transaction, authority: AuthorityRecord): Promise<void> {
  await tx.query('INSERT INTO ca.authority (id, kind, issuer_id, certificate) VALUES ($1, $2, $3, $4)', [
    authority.id,
    authority.kind,
    authority.issuerId,
    authority.certificate,
  ]);
}

/** Only one process at a time makes a hierarchy; others that would write authorities wait until the transaction ends. */
export async function lockAuthorities(tx: Transaction): Promise<void> {
  await tx.query('LOCK TABLE ca.authority IN SHARE ROW EXCLUSIVE MODE');
}
