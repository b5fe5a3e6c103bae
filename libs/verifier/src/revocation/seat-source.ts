import type { RevocationFinding } from './finding.js';
import {
  questionBehind,
  type RevocationPolicy,
  type RevocationSource,
  type StatusQuestion,
} from './revocation-source.js';
import type { CertificateStatus, StatusPort } from './status-port.js';

const FINDINGS: Readonly<Record<CertificateStatus, RevocationFinding>> = {
  valid: { status: 'good' },
  invalid: { status: 'revoked' },
  suspended: { status: 'suspended' },
  unknown: { status: 'unknown', because: 'absent' },
};

/** Status by the seat in the serial number. */
export class SeatSource implements RevocationSource {
  readonly kind = 'seat';
  private readonly status: StatusPort;

  constructor(status: StatusPort) {
    this.status = status;
  }

  find(asked: StatusQuestion): RevocationFinding {
    const { subject, issuer } = questionBehind(asked);
    return FINDINGS[this.status.statusOf(issuer.spkiSha256, subject.certificate.serialNumber)];
  }
}

/** The policy of our own hierarchy: every certificate of a path has a seat, and what is unknown is refused. */
export function bySeat(status: StatusPort): RevocationPolicy {
  return { sources: [new SeatSource(status)] };
}
