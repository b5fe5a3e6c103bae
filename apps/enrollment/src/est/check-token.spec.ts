import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CheckToken, type EnrollmentToken } from './check-token.js';

const secret = Buffer.alloc(32, 7);
const password = secret.toString('base64url');
const token: EnrollmentToken = {
  identity: { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' },
  policy: {
    id: 'p',
    label: null,
    bootstrap: ['token'],
    lifetime: 86_400,
    suspendOnFork: false,
    revokeReplaced: false,
    pseudonymous: false,
    keyAlgorithm: 'EC P-256',
    models: ['sensor'],
  },
  warrantId: 'w',
  validUntil: 1000,
  revoked: false,
};

function checker(found: EnrollmentToken | undefined, now = 1000): CheckToken {
  const hash = createHash('sha256').update(secret).digest('hex');
  const findToken = (asked: Uint8Array) =>
    Promise.resolve(Buffer.from(asked).toString('hex') === hash ? found : undefined);
  return new CheckToken({ findToken }, () => now);
}

describe('CheckToken', () => {
  it.each(['', 'SN-1', 'sn-1'])('a token in its last second, user %j: good', async (user) => {
    expect(await checker(token).run({ user, password })).toBe(token);
  });

  it.each([
    ['nobody knows it', checker(undefined), { user: '', password }, 'ENROLLMENT_TOKEN_UNKNOWN'],
    [
      'another secret',
      checker(token),
      { user: '', password: Buffer.alloc(32, 8).toString('base64url') },
      'ENROLLMENT_TOKEN_UNKNOWN',
    ],
    ['the same secret padded', checker(token), { user: '', password: `${password}=` }, 'ENROLLMENT_TOKEN_UNKNOWN'],
    ['no secret', checker(token), { user: 'SN-1', password: '' }, 'ENROLLMENT_TOKEN_UNKNOWN'],
    ['its time is over', checker(token, 1001), { user: '', password }, 'ENROLLMENT_TOKEN_EXPIRED'],
    ['revoked', checker({ ...token, revoked: true }), { user: '', password }, 'ENROLLMENT_TOKEN_REVOKED'],
    ['another device', checker(token), { user: 'SN-2', password }, 'ENROLLMENT_TOKEN_MISMATCH'],
  ])('%s: refused', async (_what, check, credentials, code) => {
    await expect(check.run(credentials)).rejects.toMatchObject({ code });
  });
});
