import type { CaPort } from './ca-port.js';

/** Who asks the CA; over gRPC its certificate says so. */
export type CaCaller = 'enrollment' | 'responder';

/**
 * What each caller may ask. Certificates for services and gateways are first made by an admin's command, not through the port; a
 * renewal carries its own proof and may be relayed, so who brings it does not matter.
 */
export const allowedCalls: Readonly<Record<CaCaller, readonly (keyof CaPort)[]>> = {
  enrollment: [
    'issueCertificates',
    'changeStatus',
    'confirmSeen',
    'openWarrants',
    'renewServiceCertificates',
    'describeAuthorities',
  ],
  responder: ['renewOcspSigners', 'renewServiceCertificates'],
};

/** The caller asked for something that its role does not include. */
export class CaCallRefusedError extends Error {
  readonly code = 'CALL_NOT_ALLOWED';

  constructor(caller: CaCaller, call: keyof CaPort) {
    super(`${caller} may not call ${call}`);
    this.name = 'CaCallRefusedError';
  }
}
