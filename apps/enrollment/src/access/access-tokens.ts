import { issueAccessToken, type RandomBytes, type Role, timeOrderedUuid } from '@touchmark/server';
import {
  type Database,
  insertAccessToken,
  type IssuedAccessTokenView,
  listAccessTokens,
  revokeAccessToken,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { factoryOf } from '../registry/factories.js';
import { type Page, readPage } from '../registry/page.js';
import { checkValidUntil } from '../validity-window.js';
import type { AccessKey } from './access-key.js';

export interface NewAccessToken {
  /** The person or machine that it is made for. */
  readonly sub: string;
  readonly roles: readonly Role[];
  /** Name of the factory that a token with the role `factory` speaks for. */
  readonly factory?: string | undefined;
  /** UTC seconds. */
  readonly validUntil: number;
}

export interface MadeAccessToken {
  readonly jti: string;
  /** Compact JWT: shown once. */
  readonly token: string;
}

/** Whether the role `factory`, if it is there, is the only one: any other would lift its confinement to one factory's batches. */
export function factoryIsAlone(roles: readonly Role[]): boolean {
  return !roles.includes('factory') || roles.every((role) => role === 'factory');
}

/** Bearer tokens of the API. Each that was made is on record: one that is not is refused. */
export class AccessTokenRegistry {
  private readonly db: Database;
  private readonly key: AccessKey;
  private readonly options: { readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, key: AccessKey, options: AccessTokenRegistry['options']) {
    this.db = db;
    this.key = key;
    this.options = options;
  }

  /** Recorded before it is signed. Throws VALID_UNTIL_OUT_OF_RANGE, FACTORY_UNKNOWN. */
  async mint({ sub, roles, factory, validUntil }: NewAccessToken, createdBy: string): Promise<MadeAccessToken> {
    if (!factoryIsAlone(roles)) throw new TypeError('the role factory goes with no other');
    const iat = this.options.now();
    checkValidUntil(validUntil, iat);
    const factoryId = factory === undefined ? undefined : (await factoryOf(this.db, factory)).id;
    const jti = timeOrderedUuid(iat, this.options.randomBytes);
    await insertAccessToken(this.db, { jti, sub, roles, factoryId: factoryId ?? null, exp: validUntil, createdBy });
    const claims = { sub, roles, jti, iat, exp: validUntil, ...(factoryId !== undefined && { factory: factoryId }) };
    return { jti, token: await issueAccessToken(claims, this.key) };
  }

  list(before: string | undefined, limit: number): Promise<Page<IssuedAccessTokenView>> {
    return readPage(
      limit,
      (count) => listAccessTokens(this.db, { before, limit: count }),
      ({ jti }) => jti,
    );
  }

  /** Refused from the next request on. Throws ACCESS_TOKEN_UNKNOWN. */
  async revoke(jti: string): Promise<void> {
    if (await revokeAccessToken(this.db, jti)) return;
    throw new EnrollmentError('ACCESS_TOKEN_UNKNOWN', { jti }, 'there is no such access token');
  }
}
