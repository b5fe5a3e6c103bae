import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { toHex } from '@touchmark/der';
import type { VerifySignature } from '@touchmark/status-list';
import { bySeat, readIdentity, type StatusPort, VerifierError, verifyPath } from '@touchmark/verifier';
import { type Certificate, parseCertificate, spkiSha256, X509Error } from '@touchmark/x509';
import { RestoreError } from './restore-error.js';

export interface EvidenceTrust {
  /** Certificates of our infrastructure CA, DER. */
  readonly infrastructure: readonly Uint8Array[];
  readonly realm: string;
  /** UTC seconds. */
  readonly at: number;
  /** Whether the restored database itself knows this serial number as not valid: such a signer proves nothing. */
  readonly isRevoked: (serialNumber: Uint8Array) => boolean;
}

/**
 * Judges signatures of the messages that a restore is told of. The restored database need not know the signer: it may have been made
 * after the backup. A certificate that has ended still proves what its key signed: evidence can only take validity away.
 * Code EVIDENCE_SIGNER_REFUSED.
 */
export function evidenceVerifier(signers: readonly Uint8Array[], trust: EvidenceTrust): VerifySignature {
  const trustAnchors = trust.infrastructure.map((der) => parseCertificate(der));
  const keys = new Map<string, KeyObject>();
  for (const [place, der] of signers.entries()) {
    const { subjectPublicKeyInfo, serialNumber } = checkSigner(der, place, trustAnchors, trust);
    if (trust.isRevoked(serialNumber)) continue;
    const key = createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' });
    keys.set(toHex(spkiSha256(subjectPublicKeyInfo)), key);
  }
  return (keyId, data, signature) => {
    const key = keys.get(toHex(keyId));
    return key && verify('sha256', data, key, signature);
  };
}

/** Its own status is asked for once the path is known to hold. */
const asked: StatusPort = { statusOf: () => 'valid' };

function checkSigner(
  der: Uint8Array,
  place: number,
  trustAnchors: readonly Certificate[],
  { realm, at }: EvidenceTrust,
): Certificate {
  try {
    const { notAfter } = parseCertificate(der);
    const result = verifyPath({
      chain: [der],
      trustAnchors,
      intermediates: [],
      at: Math.min(at, notAfter),
      purpose: 'client',
      requireExtKeyUsage: false,
      revocation: bySeat(asked),
    });
    if (!result.ok) throw result.error;
    const identity = readIdentity(result.leaf);
    if (identity?.kind === 'status' && identity.realm === realm) return result.leaf;
  } catch (cause) {
    if (!(cause instanceof X509Error) && !(cause instanceof VerifierError)) throw cause;
    throw new RestoreError('EVIDENCE_SIGNER_REFUSED', { place }, { cause });
  }
  throw new RestoreError('EVIDENCE_SIGNER_REFUSED', { place });
}
