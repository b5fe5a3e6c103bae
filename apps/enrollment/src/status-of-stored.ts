import type { ServiceCertificateView } from '@touchmark/store';
import type { CertificateStatus } from '@touchmark/verifier';

const STATUS = ['valid', 'invalid', 'suspended'] as const;

/** The status of a gateway's or service's certificate, from what the CA stored of it; `unknown` for one that it did not store. */
export const statusOfStored = (stored: Pick<ServiceCertificateView, 'seatValue'> | undefined): CertificateStatus =>
  stored === undefined ? 'unknown' : STATUS[stored.seatValue];
