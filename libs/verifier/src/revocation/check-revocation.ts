import { saysMore, VerifierError } from '../error.js';
import type { RevocationFinding } from './finding.js';
import { checkNoRevAvail } from './no-rev-avail.js';
import type { RevocationPolicy, RevocationQuestion, RevocationSource } from './revocation-source.js';

const ABSENT: RevocationFinding = { status: 'unknown', because: 'absent' };

/** What noRevAvail spares (RFC 9608 4): the ways in which an issuer publishes. Our own seats and a caller's list are neither. */
const SPARED: ReadonlySet<RevocationSource['kind']> = new Set(['crl', 'ocsp', 'token-status-list']);

/**
 * Asks for the status of every certificate below the anchor (RFC 5280 6.1.3 (a)(3)), end entity first in `path`, or of the end
 * entity alone under that scope. Throws the VerifierError that says most; whatever is not good is refused unless the policy says
 * otherwise. TypeError for a policy without sources.
 */
export function checkRevocation(
  { path, ...rest }: Omit<RevocationQuestion, 'depth' | 'subject' | 'issuer'>,
  policy: RevocationPolicy,
): void {
  checkPolicy(policy);
  let worst: VerifierError | undefined;
  for (const [depth, subject] of path.entries()) {
    const issuer = path[depth + 1];
    if (issuer === undefined) break;
    if (subject.noRevAvail) checkNoRevAvail(subject, depth);
    if (depth > 0 && policy.scope === 'end-entity') continue;
    const sources = subject.noRevAvail ? policy.sources.filter(({ kind }) => !SPARED.has(kind)) : policy.sources;
    // The issuer says that there is nothing to ask, and the caller asks nobody else.
    if (sources.length === 0) continue;
    const finding = findingOf({ ...rest, path, depth, subject, issuer }, sources);
    const error = refusalOf(finding, depth, subject.certificate.serialNumber, policy);
    if (error !== undefined && (worst === undefined || saysMore(error, worst))) worst = error;
  }
  if (worst !== undefined) throw worst;
}

/**
 * By what a delegate is judged that signs OCSP responses: not by OCSP again (RFC 6960 4.2.2.2.1 leaves it open, and it could go round
 * in circles). The CAs above it are those of the path that is being judged. Undefined if no source is left.
 */
export function revocationOfDelegates(policy: RevocationPolicy): RevocationPolicy | undefined {
  const sources = policy.sources.filter(({ kind }) => kind !== 'ocsp');
  return sources.length === 0 ? undefined : { sources, scope: 'end-entity' };
}

// An empty list would make `whenUnknown: 'allow'` accept everything without a word.
function checkPolicy({ sources }: RevocationPolicy): void {
  if (sources.length === 0) throw new TypeError('a revocation policy needs a source');
}

/** Revoked says more than suspended, that more than good, that more than not to know. */
function findingOf(question: RevocationQuestion, sources: readonly RevocationSource[]): RevocationFinding {
  let best: RevocationFinding | undefined;
  for (const source of sources) {
    const finding = source.find(question);
    if (finding.status === 'revoked') return finding;
    if (best === undefined || rank(finding) > rank(best)) best = finding;
  }
  return best ?? ABSENT;
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
    case 'revoked': {
      const { reason, revocationTime } = finding;
      return new VerifierError({
        code: 'CERT_REVOKED',
        depth,
        serialNumber,
        ...(reason === undefined ? {} : { reason }),
        ...(revocationTime === undefined ? {} : { revocationTime }),
      });
    }
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
