import type { Queryable } from '../database.js';

/** Publishes a key that access tokens are checked with; one that is there already stays as it is. */
export async function publishAccessJwk(db: Queryable, kid: string, jwk: object): Promise<void> {
  await db.query('INSERT INTO access.jwk (kid, public_jwk) VALUES ($1, $2) ON CONFLICT (kid) DO NOTHING', [
    kid,
    JSON.stringify(jwk),
  ]);
}

/** The public JWK of that id, unless it was retired. */
export async function findAccessJwk(db: Queryable, kid: string): Promise<object | undefined> {
  const [row] = await db.query<{ jwk: object }>(
    'SELECT public_jwk AS jwk FROM access.jwk WHERE kid = $1 AND retired_at IS NULL',
    [kid],
  );
  return row?.jwk;
}

export interface IssuedAccessToken {
  readonly jti: string;
  readonly sub: string;
  readonly roles: readonly string[];
  readonly factoryId: string | null;
  /** `exp` of the token, UTC seconds. */
  readonly exp: number;
  readonly createdBy: string;
}

export interface IssuedAccessTokenView extends IssuedAccessToken {
  /** Name of the factory. */
  readonly factory: string | null;
  readonly revoked: boolean;
  /** UTC seconds. */
  readonly createdAt: number;
}

export async function insertAccessToken(db: Queryable, token: IssuedAccessToken): Promise<void> {
  await db.query(
    'INSERT INTO access.issued_token (jti, sub, roles, factory_id, expires_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)',
    [token.jti, token.sub, token.roles, token.factoryId, token.exp, token.createdBy],
  );
}

/** Whether a token of that id was made here and not revoked since. */
export async function isAccessTokenLive(db: Queryable, jti: string): Promise<boolean> {
  const rows = await db.query('SELECT 1 FROM access.issued_token WHERE jti = $1 AND revoked_at IS NULL', [jti]);
  return rows.length === 1;
}

/** How many tokens with the role admin were ever made, and how many of them are good beyond `until` (UTC seconds). */
export async function countAdminTokens(db: Queryable, until: number): Promise<{ made: number; live: number }> {
  const rows = await db.query<{ made: number; live: number }>(
    `SELECT count(*)::int AS made, (count(*) FILTER (WHERE revoked_at IS NULL AND expires_at > $1))::int AS live
       FROM access.issued_token WHERE 'admin' = ANY(roles)`,
    [until],
  );
  return rows[0] ?? { made: 0, live: 0 };
}

/** `exp` of a token and whether it was revoked; undefined where none of that id was made here. */
export async function accessTokenStanding(
  db: Queryable,
  jti: string,
): Promise<{ readonly exp: number; readonly revoked: boolean } | undefined> {
  const [row] = await db.query<{ exp: number; revoked: boolean }>(
    'SELECT expires_at::float8 AS exp, revoked_at IS NOT NULL AS revoked FROM access.issued_token WHERE jti = $1',
    [jti],
  );
  return row;
}

/** Answers false where there is no such token; revoking twice is no error. */
export async function revokeAccessToken(db: Queryable, jti: string): Promise<boolean> {
  const rows = await db.query(
    'UPDATE access.issued_token SET revoked_at = coalesce(revoked_at, now()) WHERE jti = $1 RETURNING jti',
    [jti],
  );
  return rows.length === 1;
}

/** Tokens, newest first, before the one named. */
export async function listAccessTokens(
  db: Queryable,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<IssuedAccessTokenView[]> {
  return db.query<IssuedAccessTokenView>(
    `SELECT t.jti, t.sub, t.roles, t.factory_id AS "factoryId", f.name AS factory, t.expires_at::float8 AS exp,
            t.created_by AS "createdBy", t.revoked_at IS NOT NULL AS revoked,
            floor(extract(epoch FROM t.created_at))::float8 AS "createdAt"
       FROM access.issued_token t LEFT JOIN registry.factory f ON f.id = t.factory_id
      WHERE $1::uuid IS NULL OR t.jti < $1 ORDER BY t.jti DESC LIMIT $2`,
    [page.before ?? null, page.limit],
  );
}
