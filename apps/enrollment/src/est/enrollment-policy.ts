import type { IssueTerms } from '@touchmark/ca-port';
import { EnrollmentRefusedError } from './est-error.js';

/** What EST needs to know of an enrollment policy. */
export interface EnrollmentPolicy {
  readonly id: string;
  /** EST label; null: the policy of paths without one. */
  readonly label: string | null;
  /** How a device may prove itself the first time. */
  readonly bootstrap: readonly ('token' | 'idevid')[];
  /** Lifetime of an LDevID, seconds. */
  readonly lifetime: number;
  readonly suspendOnFork: boolean;
  readonly revokeReplaced: boolean;
  readonly pseudonymous: boolean;
  /** What csrattrs asks for: the name of a key algorithm. */
  readonly keyAlgorithm: string;
  /** Names of the models that may enrol under it. */
  readonly models: readonly string[];
}

/** Port: the policy with that label; null asks for the one without. */
export interface PolicyByLabel {
  policyByLabel(label: string | null): Promise<EnrollmentPolicy | undefined>;
}

/** The policy that a path names. LABEL_UNKNOWN; without a label POLICY_MISSING if no policy is there for that. */
export async function policyOfPath(policies: PolicyByLabel, label: string | undefined): Promise<EnrollmentPolicy> {
  const policy = await policies.policyByLabel(label ?? null);
  if (policy === undefined) throw new EnrollmentRefusedError(label === undefined ? 'POLICY_MISSING' : 'LABEL_UNKNOWN');
  return policy;
}

/**
 * Where a device's policy is settled already, the path need not name it, but must not name another one. LABEL_UNKNOWN for a
 * label that nothing has, LABEL_NOT_ALLOWED for another policy's.
 */
export async function checkLabel(
  policies: PolicyByLabel,
  label: string | undefined,
  settled: EnrollmentPolicy,
): Promise<void> {
  if (label === undefined || label === settled.label) return;
  await policyOfPath(policies, label);
  throw new EnrollmentRefusedError('LABEL_NOT_ALLOWED');
}

/** MODEL_NOT_ALLOWED, BOOTSTRAP_NOT_ALLOWED. */
export function checkBootstrap(policy: EnrollmentPolicy, model: string, evidence: 'token' | 'idevid'): void {
  if (!policy.models.includes(model)) throw new EnrollmentRefusedError('MODEL_NOT_ALLOWED');
  if (!policy.bootstrap.includes(evidence)) throw new EnrollmentRefusedError('BOOTSTRAP_NOT_ALLOWED');
}

export function termsOf(policy: EnrollmentPolicy): IssueTerms {
  const { id, lifetime, suspendOnFork, revokeReplaced, pseudonymous } = policy;
  return { policy: id, lifetime, suspendOnFork, revokeReplaced, pseudonymous };
}
