import { Oid } from '@touchmark/der';

/** A hash that signatures may be made over. */
export interface StrongHash {
  /** As node:crypto names it. */
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  /** Of its value. */
  readonly octets: number;
}

/** By OID. SHA-256 is the floor. */
export const STRONG_HASHES: ReadonlyMap<string, StrongHash> = new Map<string, StrongHash>([
  [Oid.sha256, { digest: 'sha256', octets: 32 }],
  [Oid.sha384, { digest: 'sha384', octets: 48 }],
  [Oid.sha512, { digest: 'sha512', octets: 64 }],
]);
