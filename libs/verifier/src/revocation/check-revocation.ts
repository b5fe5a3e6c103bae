import { saysMore, VerifierError } from '../error.js';
import { ABSENT, GOOD, type RevocationFinding, type UnknownReason } from './finding.js';
import { checkNoRevAvail } from './no-rev-avail.js';
import { askable, type RevocationPolicy, type RevocationQuestion, type RevocationSource } from './revocation-source.js';

/** What noRevAvail spares (RFC 9608 4): the ways in which an issuer publishes. Our own seats and a caller's list are neither. */
const SPARED: ReadonlySet<RevocationSource['kind']> = new Set(['crl', 'ocsp']);

/**
 * Asks for the status of every certificate below the anchor (RFC 5280 6.1.3 (a)(3)), end entity first in `path`, or of the end
 * entity alone under that scope; what a seat or a denylist has against a CA counts all the same. Throws the VerifierError that says
 * most; whatever is not good is refused unless the policy says otherwise. TypeError for a policy without sources.
 */
export function checkRevocation(
  { path, ...rest }: Omit<RevocationQuestion, 'depth' | 'subject' | 'issuer' | 'withdrawn'>,
  policy: RevocationPolicy,
): void {
  checkPolicy(policy);
  const unspared = policy.sources.filter(({ kind }) => !SPARED.has(kind));
  let worst: VerifierError | undefined;
  for (const [depth, subject] of path.entries()) {
    const issuer = path[depth + 1];
    if (issuer === undefined) break;
    if (subject.noRevAvail) checkNoRevAvail(subject, depth);
    const question = questionAbout({ ...rest, path, depth, subject, issuer }, unspared);
    const finding =
      depth > 0 && policy.scope === 'end-entity'
        ? withdrawnBy(unspared, question)
        : findingOf(question, subject.noRevAvail ? unspared : policy.sources);
    const error = refusalOf(finding, depth, subject.certificate.serialNumber, policy);
    if (error !== undefined && (worst === undefined || saysMore(error.detail, worst.detail))) worst = error;
  }
  if (worst !== undefined) throw worst;
}

/**
 * By what a delegate is judged that signs OCSP responses: not by OCSP again (RFC 6960 4.2.2.2.1 leaves it open, and it could go round
 * in circles). The CAs above it are those of the path that is being judged. Undefined if nobody is left who could say that it is good.
 */
export function revocationOfDelegates(policy: RevocationPolicy): RevocationPolicy | undefined {
  const sources = policy.sources.filter(({ kind }) => kind !== 'ocsp');
  return sources.every(({ kind }) => kind === 'denylist') ? undefined : { sources, scope: 'end-entity' };
}

function questionAbout(
  rest: Omit<RevocationQuestion, 'withdrawn'>,
  unspared: readonly RevocationSource[],
): RevocationQuestion {
  const question: RevocationQuestion = {
    ...rest,
    withdrawn: (delegate) => {
      const path = [delegate, ...rest.path.slice(rest.depth + 1)];
      return withdrawnBy(unspared, { ...question, path, depth: 0, subject: delegate }) !== GOOD;
    },
  };
  return question;
}

/** What seats and denylists have against a certificate about which nothing needs to be known: revoked or suspended, or else good. */
function withdrawnBy(sources: readonly RevocationSource[], question: RevocationQuestion): RevocationFinding {
  if (sources.length === 0) return GOOD;
  const finding = findingOf(question, sources);
  return finding.status === 'revoked' || finding.status === 'suspended' ? finding : GOOD;
}

// An empty list would make `whenUnknown: 'allow'` accept everything without a word.
function checkPolicy({ sources }: RevocationPolicy): void {
  if (sources.length === 0) throw new TypeError('a revocation policy needs a source');
}

/**
 * Revoked says more than suspended, that more than good, that more than not to know. Not to be on a list is good where nobody else is
 * asked (or nobody at all, by noRevAvail: RFC 9608 4), and nothing beside who could have said more.
 */
function findingOf(question: RevocationQuestion, sources: readonly RevocationSource[]): RevocationFinding {
  let best: RevocationFinding = { status: 'unlisted' };
  const asked = askable(question);
  for (const source of sources) {
    const finding = source.find(asked);
    if (finding.status === 'revoked') return finding;
    if (rank(finding) > rank(best)) best = finding;
  }
  if (best.status !== 'unlisted') return best;
  return sources.every(({ kind }) => kind === 'denylist') ? GOOD : ABSENT;
}

const UNKNOWN_RANKS: Readonly<Record<UnknownReason, number>> = { absent: 1, stale: 2, unusable: 3 };

function rank(finding: RevocationFinding): number {
  switch (finding.status) {
    case 'revoked':
      return 6;
    case 'suspended':
      return 5;
    case 'good':
      return 4;
    case 'unlisted':
      return 0;
    case 'unknown':
    default:
      // What a policy cannot forgive comes first, so that nothing else that is unknown makes it forgivable.
      return UNKNOWN_RANKS[finding.because];
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
    case 'unlisted':
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
