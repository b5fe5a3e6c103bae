/** The first answer to a request, without its secrets. */
export interface StoredAnswer {
  readonly status: number;
  /** JSON text; undefined for an answer without a body. */
  readonly body: string | undefined;
}

/** Whose key it is, and for what. The same key of another caller or for another path is another key. */
export interface IdempotencyScope {
  /** SHA-256 of the access token's `sub`, roles and factory, as hex. */
  readonly owner: string;
  /** `POST /v1/devices/7/tokens`: method and target as sent, or the SHA-256 of a long target. */
  readonly operation: string;
  /** The client's Idempotency-Key. */
  readonly key: string;
}

export interface IdempotencyClaim extends IdempotencyScope {
  /** SHA-256 of the request's body in canonical form. */
  readonly bodyHash: Uint8Array;
  /** UTC seconds. */
  readonly at: number;
  /** UTC seconds until which the record is kept. */
  readonly until: number;
  /** A claim older than this (UTC seconds) that was never answered belonged to a process that died: take it over. */
  readonly abandonedBefore: number;
}

/** What is known about a key that was claimed before. */
export interface IdempotencyRecord {
  readonly bodyHash: Uint8Array;
  /** Undefined while the first request is still running. */
  readonly answer: StoredAnswer | undefined;
}

/** Port: the memory behind Idempotency-Key. Each call is one statement that commits by itself. */
export interface IdempotencyStore {
  /** Takes the key, atomically; or returns what is there already (unless past `until`, or abandoned unanswered). */
  claim(claim: IdempotencyClaim): Promise<IdempotencyRecord | undefined>;
  complete(scope: IdempotencyScope, answer: StoredAnswer): Promise<void>;
  /** Forgets an unanswered claim: the request failed, and may be tried again. */
  release(scope: IdempotencyScope): Promise<void>;
}
