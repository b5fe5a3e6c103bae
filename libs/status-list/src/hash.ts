import { hash } from 'node:crypto';

/** Octets of every hash and key id in our formats: SHA-256. */
export const HASH_LENGTH = 32;

/** What stands as the hash of the previous batch where an epoch has none: 32 zero octets. */
export const NO_BATCH: Uint8Array = new Uint8Array(HASH_LENGTH);

/** SHA-256 of a payload, 32 octets: what is signed of it and, of a journal batch, what the next batch continues. */
export function payloadHash(payload: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', payload, 'buffer'));
}
