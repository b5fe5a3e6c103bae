import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, exportJWK, importJWK, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ServerError } from '../errors/server-error.js';
import type { AccessJwk, AccessKeys } from './access-keys.js';
import { KnownKeys } from './known-keys.js';
import type { Principal } from './principal.js';
import { ROLES } from './role.js';

const ALGORITHM = 'ES256';
const TYPE = 'at+jwt'; // RFC 9068 section 2.1: nothing else that we sign passes for an access token

/** Port: tokens withdrawn before their time. */
export interface RevokedTokens {
  isRevoked(jti: string): Promise<boolean>;
}

/** The public form of a P-256 key, to be stored where `AccessKeys` looks. */
export async function accessJwk(publicKey: KeyObject): Promise<AccessJwk> {
  const jwk = await exportJWK(publicKey);
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256') throw new TypeError('access tokens are signed with P-256 keys');
  return { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, alg: ALGORITHM, kid: await calculateJwkThumbprint(jwk) };
}

export interface AccessTokenClaims extends Principal {
  /** UTC seconds. */
  readonly iat: number;
  readonly exp: number;
}

/** Signs a token: compact ES256 JWT. `kid` is that of the key's public form. */
export async function issueAccessToken(
  claims: AccessTokenClaims,
  key: { readonly kid: string; readonly privateKey: KeyObject },
): Promise<string> {
  if (claims.roles.includes('factory') !== (claims.factory !== undefined)) {
    throw new TypeError('the role factory and the claim factory go together');
  }
  return new SignJWT({ ...claims, roles: [...claims.roles] })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
    .sign(key.privateKey);
}

// Strict: a claim of a later version may narrow what the token is for, so one that we do not know refuses it.
const Claims = z
  .strictObject({
    sub: z.string().min(1),
    roles: z.array(z.enum(ROLES)).min(1),
    factory: z.string().min(1).optional(),
    jti: z.string().min(1),
    iat: z.int(),
    exp: z.int(),
  })
  .refine(({ roles, factory }) => roles.includes('factory') === (factory !== undefined));

/** Judges bearer tokens against the known keys, the time and the list of revoked ones. */
export class AccessTokens {
  readonly #keys: AccessKeys;
  readonly #revoked: RevokedTokens;
  readonly #now: () => number;

  constructor(keys: AccessKeys, revoked: RevokedTokens, now: () => number) {
    this.#keys = new KnownKeys(keys, now);
    this.#revoked = revoked;
    this.#now = now;
  }

  /** Who the token speaks for. Throws TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED; what a port throws goes through. */
  async verify(token: string): Promise<Principal> {
    const at = this.#now();
    const jwk = await this.#keys.find(keyIdOf(token));
    if (!jwk) throw invalid();
    const { exp, iat: _iat, ...principal } = await claimsOf(token, jwk);
    if (exp <= at) throw new ServerError('TOKEN_EXPIRED', { exp, at }, 'the access token has expired');
    if (await this.#revoked.isRevoked(principal.jti)) {
      throw new ServerError('TOKEN_REVOKED', { jti: principal.jti }, 'the access token was revoked');
    }
    return principal;
  }
}

function keyIdOf(token: string): string {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (kid !== undefined) return kid;
  } catch (cause) {
    throw invalid(cause);
  }
  throw invalid();
}

async function claimsOf(token: string, jwk: AccessJwk): Promise<z.infer<typeof Claims>> {
  try {
    const key = await importJWK(jwk, ALGORITHM);
    // Our own clock decides about exp, after the signature: jose is told a time at which no token has expired.
    const { payload } = await jwtVerify(token, key, { algorithms: [ALGORITHM], typ: TYPE, currentDate: new Date(0) });
    return Claims.parse(payload);
  } catch (cause) {
    throw invalid(cause);
  }
}

const invalid = (cause?: unknown): ServerError =>
  new ServerError('TOKEN_INVALID', {}, 'the access token is not valid here', { cause });
