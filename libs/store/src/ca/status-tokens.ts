import type { JournalPosition } from '@touchmark/ca-port';
import type { Queryable, Transaction } from '../database.js';
import type { Seat } from './certificates.js';

/** The Status List Token of a list. */
export interface StatusTokenRecord {
  readonly listId: number;
  /** The journal had grown to here when its seats were read. */
  readonly position: JournalPosition;
  /** UTC seconds, as it says itself. */
  readonly iat: number;
  readonly exp: number;
  /** The seat of the certificate whose key signed it. */
  readonly signer: Seat;
  /** Compact serialization. */
  readonly jwt: string;
}

/** Takes the place of the list's token, unless that would go back, or the key that signed was revoked. */
export async function saveStatusToken(tx: Transaction, token: StatusTokenRecord): Promise<void> {
  const { listId, position, iat, exp, signer, jwt } = token;
  await tx.query(
    `INSERT INTO ca.status_token AS t (list_id, epoch, sequence, iat, exp, signer_list_id, signer_index, jwt)
     SELECT $1::integer, $2::integer, $3::bigint, $4::bigint, $5::bigint, $6::integer, $7::integer, $8::text
      WHERE NOT EXISTS (SELECT FROM ca.revocation r WHERE r.list_id = $6::integer AND r.index = $7::integer)
     ON CONFLICT (list_id) DO UPDATE SET epoch = EXCLUDED.epoch, sequence = EXCLUDED.sequence, iat = EXCLUDED.iat,
        exp = EXCLUDED.exp, signer_list_id = EXCLUDED.signer_list_id, signer_index = EXCLUDED.signer_index, jwt = EXCLUDED.jwt
      WHERE (t.epoch, t.sequence) <= (EXCLUDED.epoch, EXCLUDED.sequence) AND t.iat <= EXCLUDED.iat`,
    [listId, position.epoch, position.sequence, iat, exp, signer.listId, signer.index, jwt],
  );
}

/** Lists without a token, or with one that was made before `iatBefore`, before the list's CRL, or by a key that was revoked since. */
export async function listsWantingTokens(db: Queryable, iatBefore: number): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT l.id FROM ca.status_list l JOIN ca.crl c ON c.list_id = l.id LEFT JOIN ca.status_token t ON t.list_id = l.id
      WHERE l.state <> 'retired'
        AND (t.list_id IS NULL OR t.iat < $1 OR (t.epoch, t.sequence) < (c.epoch, c.sequence)
             OR EXISTS (SELECT FROM ca.revocation r WHERE r.list_id = t.signer_list_id AND r.index = t.signer_index))
      ORDER BY t.iat NULLS FIRST, l.id`,
    [iatBefore],
  );
  return rows.map(({ id }) => id);
}
