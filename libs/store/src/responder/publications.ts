import type { AuthorityKind } from '@touchmark/ca-port';
import type { Queryable } from '../database.js';

export interface PublishedAuthority {
  readonly id: string;
  readonly kind: AuthorityKind;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
}

/** All authorities, retired ones too: their certificates are still asked about. */
export async function publishedAuthorities(db: Queryable): Promise<PublishedAuthority[]> {
  return db.query('SELECT id, kind, certificate FROM publication.authority ORDER BY id');
}

export interface PublishedCrl {
  readonly listId: number;
  readonly number: number;
  /** UTC seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** CertificateList, DER. */
  readonly der: Uint8Array;
}

/** What could have been published: ids of authorities, and the number of each list's CRL. Cheap enough for every second. */
export async function readPublished(
  db: Queryable,
): Promise<{ authorityIds: string[]; crls: { listId: number; number: number; retired: boolean }[] }> {
  const rows = await db.query<{ id: string | null; listId: number; number: string; retired: boolean }>(
    `SELECT a.id, NULL::int AS "listId", NULL::bigint AS number, false AS retired FROM publication.authority a
      UNION ALL
     SELECT NULL, c.list_id, c.number, l.state = 'retired' FROM publication.crl c JOIN publication.status_list l ON l.id = c.list_id`,
  );
  return {
    authorityIds: rows.flatMap(({ id }) => id ?? []),
    crls: rows.flatMap(({ id, listId, number, retired }) =>
      id === null ? [{ listId, number: Number(number), retired }] : [],
    ),
  };
}

export async function readPublishedCrl(db: Queryable, listId: number): Promise<PublishedCrl | undefined> {
  const rows = await db.query<{ number: string; thisUpdate: string; nextUpdate: string; der: Uint8Array }>(
    `SELECT number, this_update AS "thisUpdate", next_update AS "nextUpdate", der FROM publication.crl WHERE list_id = $1`,
    [listId],
  );
  const row = rows[0];
  if (!row) return undefined;
  const { number, thisUpdate, nextUpdate, der } = row;
  return { listId, number: Number(number), thisUpdate: Number(thisUpdate), nextUpdate: Number(nextUpdate), der };
}
