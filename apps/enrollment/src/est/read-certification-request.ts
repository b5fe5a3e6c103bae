import { decodeTransfer } from '@touchmark/est';
import { parseCertificationRequest, X509Error } from '@touchmark/x509';
import { NotAuthenticError } from './est-error.js';

/** Octets of DER. The largest request with a post-quantum key has about 7,500. */
const MAX_CSR_BYTES = 32_768;

/**
 * The certification request of a body, DER. A challengePassword ties it to the connection that it came through (RFC 7030
 * section 3.5): if present it must be the base64 of our channel binding, so that nobody can pass on another's request.
 * EstError BODY_*, NotAuthenticError CHANNEL_BINDING_MISMATCH.
 */
export function readCertificationRequest(body: Uint8Array, channelBinding: () => Uint8Array | undefined): Uint8Array {
  const { der } = decodeTransfer(body, MAX_CSR_BYTES);
  const challenge = challengePasswordOf(der);
  if (challenge === undefined) return der;
  const binding = channelBinding();
  if (binding === undefined || challenge !== Buffer.from(binding).toString('base64')) {
    throw new NotAuthenticError('CHANNEL_BINDING_MISMATCH');
  }
  return der;
}

// what cannot be read is for the CA to refuse, with its own code
function challengePasswordOf(der: Uint8Array): string | undefined {
  try {
    return parseCertificationRequest(der).challengePassword;
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
