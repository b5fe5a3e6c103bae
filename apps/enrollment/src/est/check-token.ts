import { createHash } from 'node:crypto';
import type { DeviceIdentity } from '@touchmark/ca-port';
import type { BasicCredentials } from './basic-credentials.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import { NotAuthenticError } from './est-error.js';

/** One device's right to a first certificate under one policy. */
export interface EnrollmentToken {
  readonly identity: DeviceIdentity;
  readonly policy: EnrollmentPolicy;
  readonly warrantId: string;
  /** UTC seconds. */
  readonly validUntil: number;
  readonly revoked: boolean;
}

/** Port: the token whose 32 octets have this SHA-256. */
export interface FindToken {
  findToken(secretSha256: Uint8Array): Promise<EnrollmentToken | undefined>;
}

const SECRET_BYTES = 32;

/** Takes an enrollment token from HTTP Basic. Whether it is spent, the CA says: the same key may ask again (rule 4). */
export class CheckToken {
  private readonly tokens: FindToken;
  private readonly now: () => number;

  constructor(tokens: FindToken, now: () => number) {
    this.tokens = tokens;
    this.now = now;
  }

  /** NotAuthenticError ENROLLMENT_TOKEN_UNKNOWN, _EXPIRED, _REVOKED, _MISMATCH. */
  async run({ user, password }: BasicCredentials): Promise<EnrollmentToken> {
    const secret = Buffer.from(password, 'base64url');
    // The second spelling of a secret that Node's decoder would let through is none.
    const spelledRight = secret.length === SECRET_BYTES && secret.toString('base64url') === password;
    const token = spelledRight ? await this.tokens.findToken(createHash('sha256').update(secret).digest()) : undefined;
    if (token === undefined) throw new NotAuthenticError('ENROLLMENT_TOKEN_UNKNOWN');
    if (token.revoked) throw new NotAuthenticError('ENROLLMENT_TOKEN_REVOKED');
    if (this.now() > token.validUntil) throw new NotAuthenticError('ENROLLMENT_TOKEN_EXPIRED');
    // The name is a check against the token of the device beside it, so its letter case is no matter.
    const named = user === '' || user.toLowerCase() === token.identity.deviceSerial.toLowerCase();
    if (!named) throw new NotAuthenticError('ENROLLMENT_TOKEN_MISMATCH');
    return token;
  }
}
