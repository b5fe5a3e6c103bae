import { type KeyObject, sign } from 'node:crypto';
import { renewalProofOctets, type ServiceRenewalRequest } from '@touchmark/ca-port';
import { encodeCertificationRequest } from '@touchmark/x509';
import type { Credential } from './credential.js';

/** Asks for the successor of a credential with a new P-256 or Ed25519 key. The same key and credential may be asked for again. */
export function makeRenewalRequest(current: Credential, newKey: KeyObject): ServiceRenewalRequest {
  const [certificate] = current.chain;
  if (certificate === undefined) throw new TypeError('a chain begins with a certificate');
  const csr = encodeCertificationRequest({ privateKey: newKey });
  const octets = renewalProofOctets(certificate, csr);
  return { certificate, csr, proof: sign(digestOf(current.privateKey), octets, current.privateKey) };
}

// As in certificates: each curve with the hash of its strength; Ed25519 hashes by itself.
function digestOf(key: KeyObject): 'sha256' | 'sha384' | null {
  if (key.asymmetricKeyType === 'ed25519') return null;
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
}
