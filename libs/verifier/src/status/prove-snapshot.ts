import { equalBytes } from '@touchmark/der';
import { decodeSigned, type JournalPosition, StatusListError, type StatusListErrorCode } from '@touchmark/status-list';
import { type Certificate, equalNames, spkiSha256, X509Error } from '@touchmark/x509';

import { VerifierError } from '../error.js';
import { FeedError, type FeedErrorCode } from '../feed-error.js';
import { readIdentity } from '../identity.js';
import type { StatusPort } from '../revocation/status-port.js';
import { DEFAULT_MAX_CLOCK_SKEW } from '../verifier-options.js';
import { SignerIssuers } from './signer-issuers.js';
import { StatusState } from './status-state.js';

export interface SnapshotEvidence {
  /** The signed message, as the responder gives it. */
  readonly snapshot: Uint8Array;
  /** Certificates of status signers and of who issued them, in any order; nothing about them is believed. */
  readonly signers: readonly Certificate[];
  readonly trustAnchors: readonly Certificate[];
  /** UTC seconds. */
  readonly now: number;
  /** The CAs that certify status keys: the infrastructure CA. Whichever certificate of theirs is given, their keys count. */
  readonly signerIssuers: readonly Certificate[];
  /** Whose status keys are believed; of each realm for which those CAs certify any, if left out. */
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
  const { snapshot, trustAnchors, signers, signerIssuers, now, maxClockSkew = DEFAULT_MAX_CLOCK_SKEW } = evidence;
  try {
    const { keyId } = decodeSigned(snapshot);
    const signer = signers.find(({ subjectPublicKeyInfo }) => equalBytes(spkiSha256(subjectPublicKeyInfo), keyId));
    if (signer === undefined) throw new FeedError('SIGNER_REFUSED');
    const issuers = new SignerIssuers(signerIssuers.map(({ der }) => der));
    const issuer = signerIssuers.find(({ subject }) => equalNames(subject, signer.issuer));
    const realm = evidence.realm ?? realmIn(signer);
    // However old: the answer says how old.
    const age = { now: () => now, maxAge: Number.POSITIVE_INFINITY, maxClockSkew };
    const state = new StatusState({ trustAnchors, intermediates: signers, issuers, realm, ...age });
    state.addSigner({ certificate: signer.der, issuerCertificate: (issuer ?? signer).der });
    const { position } = state.apply(snapshot);
    return { ok: true, status: state, position, intermediates: state.intermediates };
  } catch (error) {
    if (error instanceof StatusListError || error instanceof FeedError) return { ok: false, code: error.code, error };
    throw error;
  }
}

function realmIn(signer: Certificate): string {
  try {
    const identity = readIdentity(signer);
    if (identity !== undefined) return identity.realm;
  } catch (cause) {
    if (cause instanceof VerifierError || cause instanceof X509Error) throw new FeedError('SIGNER_REFUSED', { cause });
    throw cause;
  }
  throw new FeedError('SIGNER_REFUSED');
}
