import { AccessTokens } from '@touchmark/server';
import { findAccessJwk, isAccessTokenLive, type Queryable } from '@touchmark/store';
import { z } from 'zod';

const PublicJwk = z.looseObject({ kty: z.string(), kid: z.string() });

/** Who judges bearer tokens: keys and withdrawn tokens are looked up at every request, so a revocation holds at once. */
export function accessTokenVerifier(db: Queryable, now: () => number): AccessTokens {
  return new AccessTokens(
    {
      async find(kid) {
        const jwk = await findAccessJwk(db, kid);
        return jwk && PublicJwk.parse(jwk);
      },
    },
    // a token that was never recorded here was not made by us, whatever its signature says
    { isRevoked: async (jti) => !(await isAccessTokenLive(db, jti)) },
    now,
  );
}
