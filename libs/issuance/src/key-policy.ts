import { toHex } from '@touchmark/der';
import type { SubjectPublicKeyInfo } from '@touchmark/x509';

import { IssuanceError, type KeyWeakness } from './issuance-error.js';
import type { KeyAlgorithmName } from './profile.js';
import { rsaWeakness } from './weak-rsa.js';

const NAMES: ReadonlyMap<SubjectPublicKeyInfo['kind'], KeyAlgorithmName> = new Map([
  ['EC P-256', 'P-256'],
  ['EC P-384', 'P-384'],
  ['Ed25519', 'Ed25519'],
  ['RSA', 'RSA'],
]);

// Points of order 1, 2, 4 and 8 on edwards25519 (RFC 8032 5.1.7), sign bit cleared, non-canonical forms included: under these
// "keys" signatures verify that nobody made.
const SMALL_ORDER_POINTS = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/**
 * Holds an applicant's key to policy: of a kind that the profile takes, and not one known to be breakable. RSA: 2048 to 4096
 * bits in whole octets, exponent odd, 65537 to 2^32 - 1. Whether an EC point lies on its curve shows when the key is imported.
 * Throws IssuanceError KEY_ALGORITHM_REFUSED or KEY_WEAK.
 */
export function checkKey(key: SubjectPublicKeyInfo, allowed: readonly KeyAlgorithmName[]): KeyAlgorithmName {
  const name = keyAlgorithmOf(key);
  if (name === undefined || !allowed.includes(name)) {
    throw new IssuanceError('KEY_ALGORITHM_REFUSED', { algorithm: key.kind === 'other' ? key.algorithm : key.kind });
  }
  const reason = weaknessOf(key);
  if (reason !== undefined) throw new IssuanceError('KEY_WEAK', { reason });
  return name;
}

/** Our name for a kind of key; undefined for kinds that no profile takes. */
export function keyAlgorithmOf(key: SubjectPublicKeyInfo): KeyAlgorithmName | undefined {
  return NAMES.get(key.kind);
}

function weaknessOf(key: SubjectPublicKeyInfo): KeyWeakness | undefined {
  if (key.kind === 'Ed25519') {
    const y = Uint8Array.from(key.subjectPublicKey);
    y[31] = (y[31] ?? 0) & 0x7f;
    return SMALL_ORDER_POINTS.has(toHex(y)) ? 'small-order-point' : undefined;
  }
  if (key.kind !== 'RSA') return undefined;
  if (key.modulusBits < 2048 || key.modulusBits > 4096 || key.modulusBits % 8 !== 0) return 'rsa-modulus-size';
  const exponent = key.publicExponent;
  if (exponent < 65_537n || exponent > 0xffff_ffffn || exponent % 2n === 0n) return 'rsa-exponent';
  return rsaWeakness(key.subjectPublicKey);
}
