import { saysMore, VerifierError } from '../error.js';
import type { StatusPort } from '../status-port.js';
import type { PathCertificate } from './path-certificate.js';

/**
 * Asks for the status of every certificate below the anchor, end entity first in `path`. Throws the VerifierError that says most;
 * anything that is not `valid` refuses.
 */
export function checkStatus(path: readonly PathCertificate[], status: StatusPort): void {
  let worst: VerifierError | undefined;
  for (const [depth, signed] of path.entries()) {
    const issuer = path[depth + 1];
    if (issuer === undefined) break;
    const error = refusalOf(signed, issuer, depth, status);
    if (error !== undefined && (worst === undefined || saysMore(error, worst))) worst = error;
  }
  if (worst !== undefined) throw worst;
}

function refusalOf(
  { certificate }: PathCertificate,
  issuer: PathCertificate,
  depth: number,
  status: StatusPort,
): VerifierError | undefined {
  const { serialNumber } = certificate;
  switch (status.statusOf(issuer.spkiSha256, serialNumber)) {
    case 'valid':
      return undefined;
    case 'invalid':
      return new VerifierError({ code: 'CERT_REVOKED', depth, serialNumber });
    case 'suspended':
      return new VerifierError({ code: 'CERT_SUSPENDED', depth, serialNumber });
    case 'unknown':
    default:
      return new VerifierError({ code: 'STATUS_UNKNOWN', depth, serialNumber });
  }
}
