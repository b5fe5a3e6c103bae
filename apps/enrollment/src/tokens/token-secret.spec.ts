import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newTokenSecret } from './token-secret.js';

describe('newTokenSecret', () => {
  it('shows 32 octets as base64url and keeps their SHA-256', () => {
    const octets = randomBytes(32);
    const { secret, secretSha256 } = newTokenSecret(() => octets);
    expect(secret).toBe(octets.toString('base64url'));
    expect(Buffer.from(secretSha256)).toEqual(createHash('sha256').update(octets).digest());
  });
});
