import type { JWK } from 'jose';

/** A public P-256 key, with the id that tokens name it by (its RFC 7638 thumbprint). */
export type AccessJwk = JWK & { readonly kid: string };

/** Port: the public keys that access tokens may be signed with at present. */
export interface AccessKeys {
  find(kid: string): Promise<AccessJwk | undefined>;
}
