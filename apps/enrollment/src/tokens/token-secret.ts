import { hash } from 'node:crypto';
import type { RandomBytes } from '@touchmark/server';

const SECRET_LENGTH = 32;

/** A new secret as it is shown once (base64url), and the hash of its octets that is kept. */
export function newTokenSecret(randomBytes: RandomBytes): { secret: string; secretSha256: Uint8Array } {
  const octets = randomBytes(SECRET_LENGTH);
  const secret = Buffer.from(octets).toString('base64url');
  return { secret, secretSha256: new Uint8Array(hash('sha256', octets, 'buffer')) };
}
