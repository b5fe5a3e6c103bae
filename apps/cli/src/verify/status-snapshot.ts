import { verify } from 'node:crypto';
import { equalBytes } from '@touchmark/der';
import {
  decodeSnapshot,
  openSigned,
  parseSeat,
  seatValueName,
  type Snapshot,
  StatusListError,
} from '@touchmark/status-list';
import { type CertificateStatus, readIdentity, type StatusPort, VerifierError } from '@touchmark/verifier';
import { type Certificate, importPublicKey, spkiSha256 } from '@touchmark/x509';
import { judgePath } from '../certificates.js';
import { CliError } from '../cli-error.js';

/** What a signed snapshot proves. */
export interface ProvenStatus extends StatusPort {
  readonly epoch: number;
  readonly sequence: number;
  /** UTC seconds: status as it was then. */
  readonly asOf: number;
  /** Issuing CAs. */
  readonly certificates: readonly Uint8Array[];
}

export interface SnapshotSource {
  readonly snapshot: Uint8Array;
  /** Status signers and their issuers, in any order. */
  readonly signers: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  /** UTC seconds. */
  readonly now: number;
}

/**
 * Opens a snapshot: signed by a status key whose certificate leads to the root and is itself good in the state that it proves.
 * Throws STATUS_NOT_TRUSTED.
 */
export function proveStatus({ snapshot, signers, anchors, now }: SnapshotSource): ProvenStatus {
  let signer: Certificate | undefined;
  const content = read(() => {
    const { type, payload } = openSigned(snapshot, (keyId, data, signature) => {
      signer = signers.find((one) => equalBytes(spkiSha256(one.subjectPublicKeyInfo), keyId));
      return signer && isSignedBy(signer, data, signature);
    });
    if (type !== 'snapshot') throw notTrusted('it is no snapshot');
    return decodeSnapshot(payload);
  });
  const status: ProvenStatus = { ...content, statusOf: statusOf(content) };
  if (!signer) throw notTrusted('nobody signed it');
  const judged = judgePath({ chain: [signer], anchors, intermediates: signers, at: now, status });
  if (!judged.ok) throw notTrusted(`its signer is refused: ${judged.error.code}`);
  if (identityKind(signer) !== 'status') throw notTrusted('its signer is not a status signer');
  return status;
}

function isSignedBy(signer: Certificate, data: Uint8Array, signature: Uint8Array): boolean {
  const key = importPublicKey(signer.subjectPublicKeyInfo);
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key, signature);
}

/** Value of the seat under the key that issued; unknown for what has no seat there. */
function statusOf({ lists }: Snapshot): StatusPort['statusOf'] {
  const byId = new Map(lists.map((list) => [list.listId, list]));
  return (issuerSpkiSha256, serialNumber): CertificateStatus => {
    const seat = parseSeat(serialNumber);
    const list = seat && byId.get(seat.listId);
    if (!list || seat.index >= list.leasedTo || !equalBytes(list.issuerKeyId, issuerSpkiSha256)) return 'unknown';
    return seatValueName(list.seats.get(seat.index));
  };
}

function identityKind(certificate: Certificate): string | undefined {
  try {
    return readIdentity(certificate)?.kind;
  } catch (error) {
    if (error instanceof VerifierError) return undefined;
    throw error;
  }
}

function read<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof StatusListError) throw notTrusted(error.code, error);
    throw error;
  }
}

function notTrusted(why: string, cause?: unknown): CliError {
  const hint = 'Check --ca and --status-url. Without status that is proven, no certificate is accepted.';
  return new CliError('STATUS_NOT_TRUSTED', `the status snapshot is not to be trusted: ${why}`, { hint }, cause);
}
