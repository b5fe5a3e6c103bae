import { DerReader, Tag, toHex } from '@touchmark/der';

import type { KeyWeakness } from './issuance-error.js';

const SMALL_PRIMES = primesBelow(1000).filter((prime) => prime > 2);
const PRODUCT = SMALL_PRIMES.reduce((product, prime) => product * BigInt(prime), 1n);

// CVE-2017-15361: primes made by the faulty library are powers of 65537 modulo each of these, and so is their product.
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const ROCA_RESIDUES = ROCA_PRIMES.map((prime) => [BigInt(prime), powersOf65537(prime)] as const);

/** Primes closer than this many steps of Fermat's method are found at once by anybody. */
const FERMAT_ROUNDS = 100;

/**
 * Whether an RSA modulus is one that anybody factors: even, with a small factor, of the ROCA family, or of two primes next to
 * each other. `subjectPublicKey` is the RSAPublicKey (RFC 8017 A.1.1), already read once by libs/x509.
 */
export function rsaWeakness(subjectPublicKey: Uint8Array): KeyWeakness | undefined {
  const modulus = BigInt(`0x${toHex(new DerReader(subjectPublicKey).read(Tag.SEQUENCE).readInteger())}`);
  if (hasSmallFactor(modulus)) return 'rsa-small-factor';
  if (isRoca(modulus)) return 'rsa-roca';
  return hasClosePrimes(modulus) ? 'rsa-close-primes' : undefined;
}

function hasSmallFactor(modulus: bigint): boolean {
  if ((modulus & 1n) === 0n) return true;
  const rest = modulus % PRODUCT;
  return SMALL_PRIMES.some((prime) => rest % BigInt(prime) === 0n);
}

function isRoca(modulus: bigint): boolean {
  return ROCA_RESIDUES.every(([prime, residues]) => residues.has(Number(modulus % prime)));
}

function hasClosePrimes(modulus: bigint): boolean {
  let a = squareRoot(modulus);
  if (a * a < modulus) a++;
  for (let round = 0; round < FERMAT_ROUNDS; round++, a++) {
    const rest = a * a - modulus;
    // Most numbers are no square already modulo 64.
    if (SQUARES_MOD_64.has(Number(rest & 63n)) && squareRoot(rest) ** 2n === rest) return true;
  }
  return false;
}

const SQUARES_MOD_64 = new Set(Array.from({ length: 64 }, (_, n) => (n * n) % 64));

/** Largest integer whose square is at most n, by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt(Math.ceil(n.toString(16).length / 2) * 4);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const residues = new Set<number>();
  for (let power = 1; !residues.has(power); power = (power * 65_537) % prime) residues.add(power);
  return residues;
}

function primesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n < limit; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}
