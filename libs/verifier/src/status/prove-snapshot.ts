import { equalBytes } from '@touchmark/der';
import { decodeSigned, type JournalPosition, StatusListError, type StatusListErrorCode } from '@touchmark/status-list';
import { type Certificate, spkiSha256 } from '@touchmark/x509';

import { FeedError, type FeedErrorCode } from '../feed-error.js';
import type { StatusPort } from '../status-port.js';
import { DEFAULT_MAX_CLOCK_SKEW } from '../verifier-options.js';
import { StatusState } from './status-state.js';

export interface SnapshotEvidence {
  /** The signed message, as the responder gives it. */
  readonly snapshot: Uint8Array;
  /** Certificates of status signers and of who issued them, in any order; nothing about them is believed. */
  readonly signers: readonly Certificate[];
  readonly trustAnchors: readonly Certificate[];
  /** UTC seconds. */
  readonly now: number;
  /** Whose status keys are believed; of any realm if left out. */
  readonly realm?: string;
  /** Seconds by which the signed time may lie ahead of `now`; 60 if left out. */
  readonly maxClockSkew?: number;
}

export type SnapshotProof =
  | {
      readonly ok: true;
      readonly status: StatusPort;
      /** That it is not older than the caller allows, the caller must see to: `asOf` against its clock. */
      readonly position: JournalPosition;
      /** CA certificates that were given or stand in the snapshot: hints for building paths. */
      readonly intermediates: readonly Certificate[];
    }
  | { readonly ok: false; readonly code: FeedErrorCode | StatusListErrorCode; readonly error: Error };

/**
 * Proves one snapshot, for who has no feed: by the rules by which the Verifier takes its first. `SIGNER_REFUSED`, `TIME_AHEAD`, and
 * the codes of JournalFollower; for a message that is no snapshot `NO_SNAPSHOT`.
 */
export function proveSnapshot(evidence: SnapshotEvidence): SnapshotProof {
  const { trustAnchors, signers, realm, now, maxClockSkew = DEFAULT_MAX_CLOCK_SKEW } = evidence;
  // However old: the answer says how old.
  const age = { now: () => now, maxAge: Number.POSITIVE_INFINITY, maxClockSkew };
  const state = new StatusState({ trustAnchors, intermediates: signers, realm, ...age });
  try {
    addSigners(state, evidence);
    const { position } = state.apply(evidence.snapshot);
    return { ok: true, status: state, position, intermediates: state.intermediates };
  } catch (error) {
    if (error instanceof StatusListError || error instanceof FeedError) return { ok: false, code: error.code, error };
    throw error;
  }
}

/** Those whose key has signed. Throws what was wrong with the last one where none may sign. */
function addSigners(state: StatusState, { snapshot, signers, trustAnchors }: SnapshotEvidence): void {
  const { keyId } = decodeSigned(snapshot);
  let refused: unknown;
  for (const signer of signers) {
    if (!equalBytes(spkiSha256(signer.subjectPublicKeyInfo), keyId)) continue;
    const issuer = [...signers, ...trustAnchors].find(({ subject }) => equalBytes(subject, signer.issuer));
    try {
      state.addSigner({ certificate: signer.der, issuerCertificate: (issuer ?? signer).der });
    } catch (error) {
      refused = error;
    }
  }
  if (refused !== undefined && state.signerRecords.length === 0) throw refused;
}
