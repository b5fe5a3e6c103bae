import type { DeviceIdentity } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { bySeat, readIdentity, type StatusPort, VerifierError, verifyPath } from '@touchmark/verifier';
import type { Certificate } from '@touchmark/x509';
import type { Authorities } from './authorities.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';

/** A device's certificate that leads to our root and is within its dates. What its status is, the CA says. */
export interface DeviceCertificate {
  readonly der: Uint8Array;
  readonly serialNumber: Uint8Array;
  readonly kind: 'idevid' | 'ldevid';
  /** As the certificate says it: of a pseudonymous LDevID the deviceSerial is an opaque id. */
  readonly identity: DeviceIdentity;
}

/**
 * Revocation is decided where it cannot be outrun: the CA looks at the presented credential with its subject locked, in the
 * transaction that issues, and refuses with PARENT_INVALID, PARENT_SUSPENDED and the like. A second, older opinion here would
 * only be able to contradict it. Nothing but issuing hangs on this check: what EST gives out otherwise is public.
 */
const decidedByTheCa: StatusPort = { statusOf: () => 'valid' };

/** Who presents this chain, judged from its octets on every request; what the TLS layer thought of it counts for nothing. */
export class AuthenticateDevice {
  private readonly authorities: Authorities;
  private readonly now: () => number;

  constructor(authorities: Authorities, now: () => number) {
    this.authorities = authorities;
    this.now = now;
  }

  /** `chain`: DER, end entity first. NotAuthenticError with the verifier's code, EnrollmentRefusedError CERTIFICATE_NOT_DEVICE. */
  async run(chain: readonly Uint8Array[]): Promise<DeviceCertificate> {
    const known = await this.authorities.current();
    const of = (isRoot: boolean): Certificate[] =>
      known.flatMap(({ kind, certificate }) => ((kind === 'root') === isRoot ? [certificate] : []));
    const result = verifyPath({
      chain,
      trustAnchors: of(true),
      intermediates: of(false),
      at: this.now(),
      purpose: 'client',
      // IEEE 802.1AR: an IDevID has none.
      requireExtKeyUsage: false,
      revocation: bySeat(decidedByTheCa),
    });
    if (!result.ok) throw new NotAuthenticError(result.error.code, result.error);
    const [leaf, issuer] = result.path;
    const kind = known.find(({ certificate }) => issuer && equalBytes(certificate.der, issuer.der))?.kind;
    const identity = identityOf(result.leaf);
    if (leaf === undefined || identity?.kind !== 'device' || (kind !== 'idevid' && kind !== 'ldevid')) {
      throw new EnrollmentRefusedError('CERTIFICATE_NOT_DEVICE');
    }
    const { realm, model, deviceSerial } = identity;
    return { der: leaf.der, serialNumber: leaf.serialNumber, kind, identity: { realm, model, deviceSerial } };
  }
}

function identityOf(leaf: Certificate): ReturnType<typeof readIdentity> {
  try {
    return readIdentity(leaf);
  } catch (error) {
    if (error instanceof VerifierError) throw new NotAuthenticError(error.code, error);
    throw error;
  }
}
