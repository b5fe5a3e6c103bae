import { readIdentity, VerifierError, verifyPath } from '@touchmark/verifier';
import type { Certificate } from '@touchmark/x509';
import { CaGrpcError } from './error.js';

const CA_NAME = 'ca';

/**
 * Whether the certificate that a server presented is the CA's: issued by the infrastructure CA, in force, for servers, and named
 * `spiffe://<realm>/service/ca`. The host name is of no importance. Answers with what is wrong, as node:tls wants it.
 */
export function checkServer(
  certificate: Uint8Array,
  expected: { readonly anchors: readonly Certificate[]; readonly realm: string; readonly at: number },
): Error | undefined {
  const result = verifyPath({
    chain: [certificate],
    trustAnchors: expected.anchors,
    intermediates: [],
    at: expected.at,
    purpose: 'server',
    requireExtKeyUsage: true,
    // Whoever asks the CA knows of no revocation before the CA; the certificate's life is short.
    status: { statusOf: () => 'valid' },
  });
  if (!result.ok) return notAccepted(result.error.code);
  try {
    const identity = readIdentity(result.leaf);
    const isCa = identity?.kind === 'service' && identity.realm === expected.realm && identity.name === CA_NAME;
    return isCa ? undefined : notAccepted('IDENTITY');
  } catch (error) {
    if (error instanceof VerifierError) return notAccepted(error.code);
    throw error;
  }
}

function notAccepted(reason: string): CaGrpcError {
  return new CaGrpcError('SERVER_NOT_ACCEPTED', reason);
}
