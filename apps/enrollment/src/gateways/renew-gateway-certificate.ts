import type { CaPort, RenewedServiceCertificate } from '@touchmark/ca-port';
import { EnrollmentError } from '../enrollment-error.js';

export interface GatewayRenewal {
  /** The certificate to be renewed, DER: the gateway's own, or that of its TLS server. */
  readonly certificate: Uint8Array;
  readonly csr: Uint8Array;
  /** By the key of that certificate (`renewalProofOctets` in libs/ca-port). */
  readonly proof: Uint8Array;
}

/**
 * Relays a gateway's renewal to the CA, which judges the proof itself: this process can neither make one nor change what it says.
 */
export class RenewGatewayCertificate {
  private readonly ca: Pick<CaPort, 'renewServiceCertificates'>;

  constructor(ca: Pick<CaPort, 'renewServiceCertificates'>) {
    this.ca = ca;
  }

  /** Throws EnrollmentError with the CA's code. */
  async run(renewal: GatewayRenewal): Promise<RenewedServiceCertificate> {
    const [outcome] = await this.ca.renewServiceCertificates([renewal]);
    if (outcome === undefined) throw new EnrollmentError('INTERNAL', {}, 'the CA did not answer');
    if (!outcome.ok) throw EnrollmentError.fromRefusal(outcome);
    return outcome;
  }
}
