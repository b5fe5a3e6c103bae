import { createHash } from 'node:crypto';
import { formatSpiffeId, readIdentity } from '@touchmark/verifier';
import { parseCertificate } from '@touchmark/x509';

/** What a client showed, for the log: proven only as far as the code beside it says. */
export interface Presented {
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint?: string;
  /** Whom the certificate names. */
  readonly spiffeId?: string;
}

/** Never throws: the chain is whatever a client sent. */
export function presentedBy([leaf]: readonly Uint8Array[]): Presented {
  if (leaf === undefined) return {};
  const fingerprint = createHash('sha256').update(leaf).digest('hex');
  const spiffeId = spiffeIdOf(leaf);
  return spiffeId === undefined ? { fingerprint } : { fingerprint, spiffeId };
}

function spiffeIdOf(der: Uint8Array): string | undefined {
  try {
    const identity = readIdentity(parseCertificate(der));
    return identity && formatSpiffeId(identity);
  } catch {
    // no certificate, or no identity of ours: the fingerprint has to do
    return undefined;
  }
}
