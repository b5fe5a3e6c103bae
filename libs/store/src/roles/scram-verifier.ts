import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

// what PostgreSQL takes by default (scram_iterations)
const ITERATIONS = 4096;

/**
 * What a server keeps of a password (RFC 5803, as PostgreSQL writes it). Given to ALTER ROLE in place of the password, so that no
 * statement carries it: those are logged, and `password_encryption` could still be md5.
 *
 * @param password printable ASCII, which SASLprep leaves as it is
 * @param salt 16 random octets
 */
export function scramVerifier(password: string, salt: Uint8Array): string {
  if (!/^[\x21-\x7e]+$/.test(password)) throw new TypeError('a password is printable ASCII without spaces');
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest();
  return `SCRAM-SHA-256$${ITERATIONS}:${base64(salt)}$${base64(storedKey)}:${base64(hmac('Server Key'))}`;
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
