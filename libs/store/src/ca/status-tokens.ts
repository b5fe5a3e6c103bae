import type { JournalPosition } from '@touchmark/ca-port';
import type { Queryable, Transaction } from '../database.js';

/** The Status List Token of a list. */
export interface StatusTokenRecord {
  readonly listId: number;
  /** The journal had grown to here when its seats were read. */
  readonly position: JournalPosition;
  /** UTC seconds, as it says itself. */
  readonly iat: number;
  readonly exp: number;
  /** Compact serialization. */
  readonly jwt: string;
}

/** Takes the place of the list's token, unless that would go back. */
export async function saveStatusToken(tx: Transaction, token: StatusTokenRecord): Promise<void> {
  const { listId, position, iat, exp, jwt } = token;
  await tx.query(
    `INSERT INTO ca.status_token AS t (list_id, epoch, sequence, iat, exp, jwt) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (list_id) DO UPDATE SET epoch = EXCLUDED.epoch, sequence = EXCLUDED.sequence, iat = EXCLUDED.iat,
        exp = EXCLUDED.exp, jwt = EXCLUDED.jwt
      WHERE (t.epoch, t.sequence) <= (EXCLUDED.epoch, EXCLUDED.sequence) AND t.iat <= EXCLUDED.iat`,
    [listId, position.epoch, position.sequence, iat, exp, jwt],
  );
}

/** Lists without a token, or with one that was made before `iatBefore` or before the list's CRL. */
export async function listsWantingTokens(db: Queryable, iatBefore: number): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT l.id FROM ca.status_list l JOIN ca.crl c ON c.list_id = l.id LEFT JOIN ca.status_token t ON t.list_id = l.id
      WHERE l.state <> 'retired'
        AND (t.list_id IS NULL OR t.iat < $1 OR (t.epoch, t.sequence) < (c.epoch, c.sequence))
      ORDER BY t.iat NULLS FIRST, l.id`,
    [iatBefore],
  );
  return rows.map(({ id }) => id);
}
