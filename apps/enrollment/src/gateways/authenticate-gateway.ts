import { bySeat, readIdentity, VerifierError, verifyPath } from '@touchmark/verifier';
import { type Certificate, parseCertificate, X509Error } from '@touchmark/x509';
import { EnrollmentError } from '../enrollment-error.js';
import type { Authorities } from '../est/authorities.js';
import { statusOfStored } from '../status-of-stored.js';

/** Port: what the CA stored of a gateway or service. */
export interface FindServiceCertificate {
  serviceCertificate(
    serialNumber: Uint8Array,
  ): Promise<{ readonly profile: string; readonly name: string; readonly seatValue: 0 | 1 | 2 } | undefined>;
}

export interface Gateway {
  readonly name: string;
  readonly certificate: Uint8Array;
}

/**
 * Which gateway presents this chain, judged on every request: it leads to the infrastructure CA, the only anchor, its seat is valid
 * in the CA's own tables, and its URI names a gateway of our realm. No device's certificate gets through.
 */
export class AuthenticateGateway {
  private readonly authorities: Pick<Authorities, 'current'>;
  private readonly certificates: FindServiceCertificate;
  private readonly realm: string;
  private readonly now: () => number;

  constructor(
    authorities: Pick<Authorities, 'current'>,
    certificates: FindServiceCertificate,
    options: { readonly realm: string; readonly now: () => number },
  ) {
    this.authorities = authorities;
    this.certificates = certificates;
    this.realm = options.realm;
    this.now = options.now;
  }

  /** `chain`: DER, end entity first. GATEWAY_NOT_AUTHENTIC, GATEWAY_NOT_ALLOWED. */
  async run(chain: readonly Uint8Array[]): Promise<Gateway> {
    const [certificate] = chain;
    if (certificate === undefined) throw notAuthentic('CERTIFICATE_MISSING');
    const stored = await this.stored(certificate);
    const result = verifyPath({
      chain,
      trustAnchors: await this.anchors(),
      intermediates: [],
      at: this.now(),
      purpose: 'client',
      requireExtKeyUsage: true,
      // the anchor issued what is asked about, so there is one certificate in question: the gateway's own
      revocation: bySeat({ statusOf: () => statusOfStored(stored) }),
    });
    if (!result.ok) throw notAuthentic(result.error.code);
    const identity = identityOf(result.leaf);
    const allowed =
      identity?.kind === 'gateway' && identity.realm === this.realm && stored?.profile === 'gateway-client';
    if (!allowed) {
      throw new EnrollmentError('GATEWAY_NOT_ALLOWED', {}, 'the certificate is not that of a gateway of this realm');
    }
    return { name: identity.name, certificate };
  }

  private async anchors(): Promise<Certificate[]> {
    const authorities = await this.authorities.current();
    return authorities.flatMap(({ kind, certificate }) => (kind === 'infrastructure' ? [certificate] : []));
  }

  private async stored(certificate: Uint8Array) {
    let serialNumber: Uint8Array;
    try {
      ({ serialNumber } = parseCertificate(certificate));
    } catch (error) {
      if (error instanceof X509Error) throw notAuthentic('CERTIFICATE_MALFORMED');
      throw error;
    }
    return this.certificates.serviceCertificate(serialNumber);
  }
}

function identityOf(leaf: Certificate): ReturnType<typeof readIdentity> {
  try {
    return readIdentity(leaf);
  } catch (error) {
    if (error instanceof VerifierError) return undefined;
    throw error;
  }
}

const notAuthentic = (reason: string): EnrollmentError<'GATEWAY_NOT_AUTHENTIC'> =>
  new EnrollmentError('GATEWAY_NOT_AUTHENTIC', { reason }, `this needs the certificate of a gateway: ${reason}`);
