import { isLive, isRenewable, newest, type CredentialFacts } from './credential-facts.js';

/** Why a request for a certificate is refused. */
export type EnrollmentRefusalCode =
  | 'SUBJECT_CLOSED'
  | 'SUBJECT_HELD'
  | 'PARENT_GENERATION_CLOSED'
  | 'PARENT_WITHDRAWN'
  | 'PARENT_INVALID'
  | 'PARENT_SUSPENDED'
  | 'PARENT_EXPIRED'
  | 'PARENT_REPLACED'
  | 'LINEAGE_FORK'
  | 'WARRANT_SPENT'
  | 'KEY_REVOKED'
  | 'CREDENTIAL_SUSPENDED'
  | 'DEVICE_KEY_CONFLICT';

/** A one-time token; that it has not timed out is checked before. */
export interface TokenEvidence {
  readonly kind: 'token';
  /** All credentials ever issued on this token. */
  readonly issued: readonly CredentialFacts[];
}

/** A line of a factory's batch. */
export interface BatchEvidence {
  readonly kind: 'batch';
  /** All credentials of the device in the requested profile, on whatever evidence they were issued. */
  readonly deviceCredentials: readonly CredentialFacts[];
}

/** A certificate of the device, shown over mutual TLS and found authentic. Showing it is a sighting: mark it seen first. */
export interface CredentialEvidence {
  readonly kind: 'credential';
  readonly presented: CredentialFacts;
  /** All credentials of the requested profile whose parent is the presented one. */
  readonly children: readonly CredentialFacts[];
  /** Whether anything below a **seen** child, in the requested profile, is still live. */
  readonly descendantsLive: boolean;
}

export interface EnrollmentRequest {
  /** UTC seconds. */
  readonly now: number;
  readonly profile: string;
  /** SHA-256 of the requested subjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string;
  readonly subject: { readonly state: 'open' | 'held' | 'closed'; readonly generation: number };
  readonly evidence: TokenEvidence | BatchEvidence | CredentialEvidence;
  /** All credentials of this device with this key and profile, in the order of issue. */
  readonly sameKey: readonly CredentialFacts[];
  readonly policy: {
    readonly suspendOnFork: boolean;
    /** Seconds after its notAfter for which a presented certificate is still accepted; 0 when absent. */
    readonly expiredParentGrace?: number;
  };
}

export type EnrollmentDecision =
  | { readonly decision: 'return'; readonly credential: CredentialFacts }
  | { readonly decision: 'issue'; readonly withdraw: readonly CredentialFacts[] }
  | { readonly decision: 'refuse'; readonly code: EnrollmentRefusalCode; readonly suspend: boolean };

/**
 * Decides whether a device gets the certificate that it already has, a new one, or none: rules 3 and 4. It is
 * called with the subject's row locked, so the facts hold until the commit. Blocked and foreign keys, spent quotas and
 * the proof of possession are checked elsewhere.
 */
export function decideEnrollment(request: EnrollmentRequest): EnrollmentDecision {
  return subjectRefusal(request) ?? evidenceRefusal(request) ?? decideBySameKey(request) ?? decideByEvidence(request);
}

function subjectRefusal({ subject }: EnrollmentRequest): EnrollmentDecision | undefined {
  if (subject.state === 'closed') return refuse('SUBJECT_CLOSED');
  return subject.state === 'held' ? refuse('SUBJECT_HELD') : undefined;
}

/** What makes the evidence worth nothing, whatever is asked for on it. */
function evidenceRefusal(request: EnrollmentRequest): EnrollmentDecision | undefined {
  const { evidence, subject } = request;
  if (evidence.kind === 'credential') return parentRefusal(request, evidence.presented);
  if (evidence.kind === 'token') {
    const spent = evidence.issued.some(
      (credential) => credential.seen || isRevoked(credential) || credential.generation !== subject.generation,
    );
    if (spent) return refuse('WARRANT_SPENT');
  }
  return undefined;
}

function parentRefusal(
  { now, subject, policy }: EnrollmentRequest,
  parent: CredentialFacts,
): EnrollmentDecision | undefined {
  if (parent.generation !== subject.generation) return refuse('PARENT_GENERATION_CLOSED');
  if (parent.withdrawn) return refuse('PARENT_WITHDRAWN');
  if (parent.seatValue === 'invalid' || now < parent.notBefore) return refuse('PARENT_INVALID');
  if (parent.seatValue === 'suspended') return refuse('PARENT_SUSPENDED');
  if (now > parent.notAfter + (policy.expiredParentGrace ?? 0)) return refuse('PARENT_EXPIRED');
  return undefined;
}

/**
 * Rule 3. Only the newest certificate of the key counts: the admin who opened its window early did not mean the one
 * before it to come back. A withdrawn one is forgotten, so that its key may be asked for again; a revoked one is not,
 * and its key gets nothing more in this generation.
 */
function decideBySameKey(request: EnrollmentRequest): EnrollmentDecision | undefined {
  const { now, subject } = request;
  const current = newestOfKey(request);
  if (current === undefined) return undefined;
  if (isRevoked(current)) return refuse('KEY_REVOKED');
  if (!isLive(current, subject.generation, now)) return undefined;
  if (current.seatValue === 'suspended') return refuse('CREDENTIAL_SUSPENDED');
  return isRenewable(current, now) ? undefined : { decision: 'return', credential: current };
}

/** Rule 4: no certificate of this key can be returned, so a new one is asked for. */
function decideByEvidence(request: EnrollmentRequest): EnrollmentDecision {
  const { evidence } = request;
  if (evidence.kind === 'token') return replaceUnseen(request, evidence.issued);
  if (evidence.kind === 'batch') return decideByBatch(request, evidence);
  return decideByParent(request, evidence);
}

function decideByBatch(
  { now, subject, spkiSha256, profile }: EnrollmentRequest,
  { deviceCredentials }: BatchEvidence,
): EnrollmentDecision {
  const conflict = deviceCredentials.some(
    (other) => other.profile === profile && other.spkiSha256 !== spkiSha256 && isLive(other, subject.generation, now),
  );
  return conflict ? refuse('DEVICE_KEY_CONFLICT') : { decision: 'issue', withdraw: [] };
}

function decideByParent(request: EnrollmentRequest, evidence: CredentialEvidence): EnrollmentDecision {
  const { now, subject, profile, policy } = request;
  const children = evidence.children.filter((child) => child.profile === profile);
  const seen = children.filter((child) => child.seen);
  const lineLive =
    seen.length > 0 && (evidence.descendantsLive || seen.some((child) => isLive(child, subject.generation, now)));
  if (!lineLive) return replaceUnseen(request, children);

  // The line went on below a seen child. Its own key, due for renewal, is the child's to renew; any other key means
  // that two hold this parent, or that a device was set back to an old state.
  const current = newestOfKey(request);
  const ofTheLine = current !== undefined && current.id !== evidence.presented.id;
  if (ofTheLine && isLive(current, subject.generation, now)) return refuse('PARENT_REPLACED');
  return refuse('LINEAGE_FORK', policy.suspendOnFork);
}

/** At most one unseen certificate lives on one parent or token: the new one takes the place of the old. */
function replaceUnseen({ now, subject }: EnrollmentRequest, issued: readonly CredentialFacts[]): EnrollmentDecision {
  const unseen = issued.filter((credential) => !credential.seen && isLive(credential, subject.generation, now));
  // Withdrawing a held certificate would be a way around its hold.
  if (unseen.some(({ seatValue }) => seatValue === 'suspended')) return refuse('CREDENTIAL_SUSPENDED');
  return { decision: 'issue', withdraw: unseen };
}

function newestOfKey({ sameKey, subject, profile, spkiSha256 }: EnrollmentRequest): CredentialFacts | undefined {
  return newest(
    sameKey.filter(
      (credential) =>
        credential.generation === subject.generation &&
        credential.profile === profile &&
        credential.spkiSha256 === spkiSha256 &&
        !credential.withdrawn,
    ),
  );
}

function isRevoked(credential: CredentialFacts): boolean {
  return credential.seatValue === 'invalid' && !credential.withdrawn;
}

function refuse(code: EnrollmentRefusalCode, suspend = false): EnrollmentDecision {
  return { decision: 'refuse', code, suspend };
}
