import { saysMore, VerifierError } from '../error.js';
import type { RevocationFinding } from './finding.js';
import type { RevocationPolicy, RevocationQuestion } from './revocation-source.js';

const ABSENT: RevocationFinding = { status: 'unknown', because: 'absent' };

/**
 * Asks for the status of every certificate below the anchor (RFC 5280 6.1.3 (a)(3)), end entity first in `path`. Throws the
 * VerifierError that says most; whatever is not good is refused unless the policy says otherwise.
 */
export function checkRevocation(
  { path, ...rest }: Omit<RevocationQuestion, 'depth' | 'subject' | 'issuer'>,
  policy: RevocationPolicy,
): void {
  let worst: VerifierError | undefined;
  for (const [depth, subject] of path.entries()) {
    const issuer = path[depth + 1];
    if (issuer === undefined) break;
    const finding = findingOf({ ...rest, path, depth, subject, issuer }, policy);
    const error = refusalOf(finding, depth, subject.certificate.serialNumber, policy);
    if (error !== undefined && (worst === undefined || saysMore(error, worst))) worst = error;
  }
  if (worst !== undefined) throw worst;
}

/** Revoked says more than suspended, that more than good, that more than not to know. */
function findingOf(question: RevocationQuestion, { sources }: RevocationPolicy): RevocationFinding {
  let best = ABSENT;
  for (const source of sources) {
    const finding = source.find(question);
    if (finding.status === 'revoked') return finding;
    if (rank(finding) > rank(best)) best = finding;
  }
  return best;
}

function rank(finding: RevocationFinding): number {
  switch (finding.status) {
    case 'revoked':
      return 5;
    case 'suspended':
      return 4;
    case 'good':
      return 3;
    case 'unknown':
    default:
      if (finding.because === 'stale') return 2;
      return finding.because === 'unusable' ? 1 : 0;
  }
}

function refusalOf(
  finding: RevocationFinding,
  depth: number,
  serialNumber: Uint8Array,
  policy: RevocationPolicy,
): VerifierError | undefined {
  switch (finding.status) {
    case 'good':
      return undefined;
    case 'revoked':
      return new VerifierError({ code: 'CERT_REVOKED', depth, serialNumber });
    case 'suspended':
      return new VerifierError({ code: 'CERT_SUSPENDED', depth, serialNumber });
    case 'unknown':
    default: {
      const allowed = finding.because === 'stale' ? policy.whenStale : policy.whenUnknown;
      const { because, why } = finding;
      if (allowed === 'allow' && because !== 'unusable') return undefined;
      return new VerifierError({
        code: 'STATUS_UNKNOWN',
        depth,
        serialNumber,
        because,
        ...(why === undefined ? {} : { why }),
      });
    }
  }
}
