import type { IdempotencyStore } from '@touchmark/server';
import { claimIdempotencyKey, completeIdempotencyKey, type Queryable, releaseIdempotencyKey } from '@touchmark/store';

/** The memory behind Idempotency-Key, in the registry's schema. */
export function sqlIdempotencyStore(db: Queryable): IdempotencyStore {
  return {
    claim: (claim) => claimIdempotencyKey(db, claim),
    complete: (scope, answer) => completeIdempotencyKey(db, scope, answer),
    release: (scope) => releaseIdempotencyKey(db, scope),
  };
}
