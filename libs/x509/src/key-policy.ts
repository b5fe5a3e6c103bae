import { Oid } from '@touchmark/der';

import { type Floor, X509Error } from './error.js';
import { STRONG_HASHES } from './strong-hashes.js';
import type { RsaKey, SubjectPublicKeyInfo } from './subject-public-key-info.js';

const MIN_RSA_BITS = 2048;
// Each doubling costs four times the work: 8192 bits are 12 units of a verification's budget.
const MAX_RSA_BITS = 8192;

/**
 * Holds a key to policy: P-256, P-384, P-521, Ed25519, ML-DSA, or RSA of 2048 to 8192 bits, a whole number of octets, with an odd
 * exponent from 65537 to 2^32; a key for RSASSA-PSS alone may be restricted to a hash that we accept. Throws X509Error
 * KEY_UNSUPPORTED or KEY_WEAK, with the floor.
 */
export function checkKeyPolicy(key: SubjectPublicKeyInfo): void {
  const { algorithm: oid } = key;
  switch (key.kind) {
    case 'other':
      throw new X509Error('KEY_UNSUPPORTED', { oid, floor: oid === Oid.ecPublicKey ? 'P-256' : 'listed algorithm' });
    case 'RSA':
    case 'RSASSA-PSS': {
      const floor = rsaFloor(key);
      if (floor !== undefined) throw new X509Error('KEY_WEAK', { oid, floor });
      return;
    }
    case 'EC P-256':
    case 'EC P-384':
    case 'EC P-521':
    case 'Ed25519':
    case 'ML-DSA-44':
    case 'ML-DSA-65':
    case 'ML-DSA-87':
      return;
    default:
      throw new X509Error('KEY_UNSUPPORTED', { oid: key satisfies never });
  }
}

function rsaFloor(key: RsaKey): Floor | undefined {
  const { modulusBits, publicExponent } = key;
  if (modulusBits < MIN_RSA_BITS) return 'RSA 2048 bits';
  if (modulusBits > MAX_RSA_BITS) return 'RSA at most 8192 bits';
  if (modulusBits % 8 !== 0) return 'RSA whole octets';
  // Huge exponents cost the verifier time, small ones have cost others their signatures.
  if (publicExponent < 65_537n) return 'RSA exponent 65537';
  if (publicExponent > 0xffff_ffffn || publicExponent % 2n === 0n) return 'RSA exponent odd, of at most 32 bits';
  return key.kind === 'RSASSA-PSS' ? pssFloor(key.parameters) : undefined;
}

function pssFloor(parameters: (RsaKey & { kind: 'RSASSA-PSS' })['parameters']): Floor | undefined {
  if (parameters === undefined) return undefined;
  const hash = STRONG_HASHES.get(parameters.hashAlgorithm);
  if (hash === undefined) return 'SHA-256';
  const usable = parameters.mgf1Hash === parameters.hashAlgorithm && parameters.saltLength <= hash.octets;
  return usable ? undefined : 'MGF1 and salt of the hash';
}
