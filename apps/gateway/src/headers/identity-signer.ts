import { createHash, type KeyObject } from 'node:crypto';
import { formatSpiffeId, type Accepted } from '@touchmark/verifier';
import { SignJWT } from 'jose';
import type { Device } from '../policy/policy.js';

/** With what the gateway signs: its gateway-client key and certificate, that of the issuing CA behind it. */
export interface IdentityKey {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly chain: readonly Uint8Array[];
  /** `spiffe://<realm>/gateway/<name>`. */
  readonly issuer: string;
  /** UTC seconds: to the end of the certificate, inclusive. */
  readonly notAfter: number;
}

/** Seconds. */
const LIFETIME = 60;
/** A token is given out again for so long: it then has 45 seconds left for the upstream. */
const REUSED = 15;

export const IDENTITY_HEADER = 'touchmark-identity';
export const IDENTITY_TYPE = 'touchmark-identity+jwt';

interface Made {
  readonly token: string;
  readonly iat: number;
  readonly key: IdentityKey;
  readonly sequence: number;
}

/**
 * `Touchmark-Identity`: a JWT that says which device speaks, what is known of it, and to whom it is said. An upstream checks it without
 * trusting the network between.
 */
export class IdentitySigner {
  private readonly audience: string;
  private readonly now: () => number;
  private key: IdentityKey;
  private readonly made = new WeakMap<Accepted['certificate'], Made>();

  constructor(options: { readonly key: IdentityKey; readonly audience: string; readonly now: () => number }) {
    this.key = options.key;
    this.audience = options.audience;
    this.now = options.now;
  }

  /** From now on signs with a renewed key. */
  setKey(key: IdentityKey): void {
    this.key = key;
  }

  /** Its certificate is over: who checks would believe no token any more. */
  get isOver(): boolean {
    return this.now() > this.key.notAfter;
  }

  async tokenFor(accepted: Accepted, device: Device): Promise<string> {
    const iat = this.now();
    const { key } = this;
    const before = this.made.get(accepted.certificate);
    const { sequence } = accepted.status;
    const usable =
      before?.key === key && before.sequence === sequence && iat >= before.iat && iat < before.iat + REUSED;
    if (usable) return before.token;
    const token = await this.sign(accepted, device, iat, key);
    this.made.set(accepted.certificate, { token, iat, key, sequence });
    return token;
  }

  private sign({ certificate, status }: Accepted, device: Device, iat: number, key: IdentityKey): Promise<string> {
    const { realm, model, deviceSerial } = device;
    const thumbprint = Buffer.from(certificate.sha256).toString('base64url');
    return new SignJWT({
      // RFC 8705 section 3.1: bound to the certificate that the device proved to hold
      cnf: { 'x5t#S256': thumbprint },
      device: { realm, model, deviceSerial },
      status: { epoch: status.epoch, sequence: status.sequence, asOf: status.asOf },
    })
      .setProtectedHeader({
        alg: 'ES256',
        typ: IDENTITY_TYPE,
        kid: createHash('sha256')
          .update(key.chain[0] ?? '')
          .digest('base64url'),
        x5c: key.chain.map((der) => Buffer.from(der).toString('base64')),
      })
      .setIssuer(key.issuer)
      .setSubject(formatSpiffeId({ kind: 'device', realm, model, deviceSerial }))
      .setAudience(this.audience)
      .setIssuedAt(iat)
      .setExpirationTime(Math.min(iat + LIFETIME, key.notAfter))
      .sign(key.privateKey);
  }
}
