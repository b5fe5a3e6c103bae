import { createPublicKey, hash, type KeyObject } from 'node:crypto';

import { DerReader, encodeNull, encodeOid, equalBytes, Oid, Tag, toHex } from '@touchmark/der';

import { readAlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import { contentsOf, parsing, readWhole } from './parsing.js';

export type EcKind = 'EC P-256' | 'EC P-384' | 'EC P-521';

interface KeyBase {
  /** The whole SubjectPublicKeyInfo. */
  readonly der: Uint8Array;
  /** Dotted OID of the algorithm. */
  readonly algorithm: string;
  /** Contents of the BIT STRING subjectPublicKey, without the count of unused bits. */
  readonly subjectPublicKey: Uint8Array;
}

/** A public key by kind. `other` is anything that is well-formed and that we do not use. */
export type SubjectPublicKeyInfo =
  | (KeyBase & { readonly kind: EcKind | 'Ed25519' | 'other' })
  | (KeyBase & { readonly kind: 'RSA'; readonly modulusBits: number; readonly publicExponent: bigint });

const CURVES = new Map<string, { kind: EcKind; octets: number }>([
  [Oid.prime256v1, { kind: 'EC P-256', octets: 65 }],
  [Oid.secp384r1, { kind: 'EC P-384', octets: 97 }],
  [Oid.secp521r1, { kind: 'EC P-521', octets: 133 }],
]);

// A P-256 AlgorithmIdentifier's contents, by far the most frequent: compared instead of parsed.
const P256_ALGORITHM = new Uint8Array([...encodeOid(Oid.ecPublicKey), ...encodeOid(Oid.prime256v1)]);
const NULL = encodeNull();
const PEM_COLUMNS = 64;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 5480, RFC 8410, RFC 3279 2.3.1). EC keys are named curves with an
 * uncompressed point; whether the point lies on the curve is found out by `importPublicKey`.
 * Throws X509Error SUBJECT_PUBLIC_KEY_INFO_MALFORMED.
 */
export function parseSubjectPublicKeyInfo(der: Uint8Array): SubjectPublicKeyInfo {
  return parsing('SUBJECT_PUBLIC_KEY_INFO_MALFORMED', () =>
    readWhole(der, (contents): SubjectPublicKeyInfo => {
      const algorithmContents = contents.readContents(Tag.SEQUENCE);
      const { unusedBits, bytes: subjectPublicKey } = contents.readBitString();
      if (unusedBits !== 0) throw malformed();
      if (equalBytes(algorithmContents, P256_ALGORITHM)) return ecKey(der, subjectPublicKey, Oid.prime256v1);
      const reader = new DerReader(algorithmContents);
      const algorithm = reader.readOid();
      const parameters = reader.done ? undefined : reader.readElement();
      reader.end();
      switch (algorithm) {
        case Oid.ecPublicKey:
          // Explicit curve parameters have been a way to choose one's own generator (CVE-2020-0601).
          if (parameters === undefined || parameters[0] !== Tag.OID) throw malformed();
          return ecKey(der, subjectPublicKey, new DerReader(parameters).readOid());
        case Oid.ed25519:
          if (parameters !== undefined || subjectPublicKey.length !== 32) throw malformed();
          return { kind: 'Ed25519', der, algorithm, subjectPublicKey };
        case Oid.rsaEncryption:
          if (parameters === undefined || !equalBytes(parameters, NULL)) throw malformed();
          return rsaKey(der, subjectPublicKey);
        default:
          return { kind: 'other', der, algorithm, subjectPublicKey };
      }
    }),
  );
}

/** Passes over a SubjectPublicKeyInfo, checking that it is one of some algorithm; returns its DER. */
export function readSubjectPublicKeyInfo(reader: DerReader): Uint8Array {
  const der = reader.readElement(Tag.SEQUENCE);
  const contents = contentsOf(der);
  readAlgorithmIdentifier(contents);
  contents.readBitString();
  contents.end();
  return der;
}

/**
 * Holds a key to policy: P-256, P-384, P-521, Ed25519, or RSA of 2048 to 8192 bits, a whole number of octets, with an odd
 * exponent from 65537 to 2^32. Throws X509Error KEY_UNSUPPORTED or KEY_WEAK.
 */
export function checkKeyPolicy(key: SubjectPublicKeyInfo): void {
  if (key.kind === 'other') throw new X509Error('KEY_UNSUPPORTED', { oid: key.algorithm });
  if (key.kind !== 'RSA') return;
  const { modulusBits, publicExponent } = key;
  const goodModulus = modulusBits >= 2048 && modulusBits <= 8192 && modulusBits % 8 === 0;
  // Huge exponents cost the verifier time, small ones have cost others their signatures.
  const goodExponent = publicExponent >= 65_537n && publicExponent <= 0xffff_ffffn && publicExponent % 2n === 1n;
  if (!goodModulus || !goodExponent) throw new X509Error('KEY_WEAK', { oid: key.algorithm });
}

/**
 * The key for node:crypto. It goes through PEM, because a string spares node:crypto four thrown and caught exceptions that cost
 * more than the base64: 36 µs against 85 µs for a P-256 key. Throws X509Error SUBJECT_PUBLIC_KEY_INFO_MALFORMED, a point off its
 * curve included.
 */
export function importPublicKey(subjectPublicKeyInfo: Uint8Array): KeyObject {
  const { buffer, byteOffset, byteLength } = subjectPublicKeyInfo;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  let lines = '';
  // OpenSSL reads lines of at most 254 characters.
  for (let at = 0; at < base64.length; at += PEM_COLUMNS) lines += `${base64.slice(at, at + PEM_COLUMNS)}\n`;
  try {
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`);
  } catch (cause) {
    throw new X509Error('SUBJECT_PUBLIC_KEY_INFO_MALFORMED', { cause });
  }
}

/** SHA-256 of the whole SubjectPublicKeyInfo: the name we know a key by. */
export function spkiSha256(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  return digest('sha256', subjectPublicKeyInfo);
}

/** RFC 7093 section 2 method 1: the leftmost 160 bits of SHA-256 over the subjectPublicKey bits. 20 octets. */
export function keyIdentifier(key: Pick<SubjectPublicKeyInfo, 'subjectPublicKey'>): Uint8Array {
  return digest('sha256', key.subjectPublicKey).subarray(0, 20);
}

/** SHA-1 over the subjectPublicKey bits: an OCSP responder's byKey and SHA-1 issuerKeyHash (RFC 6960 4.1.1, 4.2.1). 20 octets. */
export function keyHashSha1(key: Pick<SubjectPublicKeyInfo, 'subjectPublicKey'>): Uint8Array {
  return digest('sha1', key.subjectPublicKey);
}

/** SHA-256 over the subjectPublicKey bits: the SHA-256 issuerKeyHash of a CertID. 32 octets. */
export function keyHashSha256(key: Pick<SubjectPublicKeyInfo, 'subjectPublicKey'>): Uint8Array {
  return digest('sha256', key.subjectPublicKey);
}

function ecKey(der: Uint8Array, subjectPublicKey: Uint8Array, curveOid: string): SubjectPublicKeyInfo {
  const curve = CURVES.get(curveOid);
  if (curve === undefined) return { kind: 'other', der, algorithm: Oid.ecPublicKey, subjectPublicKey };
  if (subjectPublicKey.length !== curve.octets || subjectPublicKey[0] !== 4) throw malformed();
  return { kind: curve.kind, der, algorithm: Oid.ecPublicKey, subjectPublicKey };
}

function rsaKey(der: Uint8Array, subjectPublicKey: Uint8Array): SubjectPublicKeyInfo {
  return readWhole(subjectPublicKey, (contents) => {
    const modulus = unsigned(contents.readInteger());
    const exponent = unsigned(contents.readInteger());
    const modulusBits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
    const publicExponent = BigInt(`0x0${toHex(exponent)}`);
    return { kind: 'RSA', der, algorithm: Oid.rsaEncryption, subjectPublicKey, modulusBits, publicExponent };
  });
}

function unsigned(integer: Uint8Array): Uint8Array {
  const [first = 0] = integer;
  if (first > 0x7f || (integer.length === 1 && first === 0)) throw malformed();
  return first === 0 ? integer.subarray(1) : integer;
}

function digest(algorithm: 'sha1' | 'sha256', data: Uint8Array): Uint8Array {
  const octets = hash(algorithm, data, 'buffer');
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
}

function malformed(): X509Error {
  return new X509Error('SUBJECT_PUBLIC_KEY_INFO_MALFORMED');
}
