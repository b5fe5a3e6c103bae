import { proveSnapshot, type SnapshotEvidence, type SnapshotProof } from '@touchmark/verifier';
import { CliError } from '../cli-error.js';

/** What a signed snapshot proves, and for when. */
export type ProvenStatus = Extract<SnapshotProof, { ok: true }>;

/** `proveSnapshot`, or the error for a person. Throws STATUS_NOT_TRUSTED. */
export function proveStatus(evidence: SnapshotEvidence): ProvenStatus {
  const proof = proveSnapshot(evidence);
  if (proof.ok) return proof;
  const hint =
    proof.code === 'TIME_AHEAD'
      ? 'It is signed with a time ahead of the clock here: set the one that is wrong.'
      : 'Check --ca, --status-url and --status-ca. Without status that is proven, no certificate is accepted.';
  throw new CliError(
    'STATUS_NOT_TRUSTED',
    `the status snapshot is not to be trusted: ${proof.code}`,
    { hint },
    proof.error,
  );
}
