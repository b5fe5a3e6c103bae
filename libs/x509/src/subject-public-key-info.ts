import { createPublicKey, hash, type KeyObject } from 'node:crypto';

import { concatBytes, DerReader, encodeNull, encodeOid, equalBytes, Oid, Tag, toHex } from '@touchmark/der';

import { readAlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import { contentsOf, parsing, readWhole } from './parsing.js';
import { parseRsassaPssParameters, type RsassaPssParameters } from './rsassa-pss-parameters.js';

export type EcKind = 'EC P-256' | 'EC P-384' | 'EC P-521';
export type MlDsaKind = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

interface KeyBase {
  /** The whole SubjectPublicKeyInfo. */
  readonly der: Uint8Array;
  /** Dotted OID of the algorithm. */
  readonly algorithm: string;
  /** Contents of the BIT STRING subjectPublicKey, without the count of unused bits. */
  readonly subjectPublicKey: Uint8Array;
}

interface RsaKeyBase extends KeyBase {
  readonly modulusBits: number;
  readonly publicExponent: bigint;
}

/** `RSASSA-PSS` is a key for that scheme alone, restricted further by its parameters if there are any (RFC 4055 3.1). */
export type RsaKey =
  | (RsaKeyBase & { readonly kind: 'RSA' })
  | (RsaKeyBase & { readonly kind: 'RSASSA-PSS'; readonly parameters: RsassaPssParameters | undefined });

/** A public key by kind. `other` is anything that is well-formed and that we do not use. */
export type SubjectPublicKeyInfo = (KeyBase & { readonly kind: EcKind | 'Ed25519' | MlDsaKind | 'other' }) | RsaKey;

const CURVES = new Map<string, { kind: EcKind; octets: number }>([
  [Oid.prime256v1, { kind: 'EC P-256', octets: 65 }],
  [Oid.secp384r1, { kind: 'EC P-384', octets: 97 }],
  [Oid.secp521r1, { kind: 'EC P-521', octets: 133 }],
]);

// RFC 9881 4: the octets of FIPS 204, without any wrapping.
const ML_DSA = new Map<string, { kind: MlDsaKind; octets: number }>([
  [Oid.mlDsa44, { kind: 'ML-DSA-44', octets: 1312 }],
  [Oid.mlDsa65, { kind: 'ML-DSA-65', octets: 1952 }],
  [Oid.mlDsa87, { kind: 'ML-DSA-87', octets: 2592 }],
]);

// A P-256 AlgorithmIdentifier's contents, by far the most frequent: compared instead of parsed.
let p256Algorithm: Uint8Array | undefined;
const NULL = encodeNull();
const PEM_COLUMNS = 64;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 5480, RFC 8410, RFC 3279 2.3.1, RFC 4055 3.1, RFC 9881 4). EC keys are named curves with an
 * uncompressed point; whether the point lies on the curve is found out by `importPublicKey`.
 * Throws X509Error SUBJECT_PUBLIC_KEY_INFO_MALFORMED.
 */
export function parseSubjectPublicKeyInfo(der: Uint8Array): SubjectPublicKeyInfo {
  return parsing('SUBJECT_PUBLIC_KEY_INFO_MALFORMED', () =>
    readWhole(der, (contents): SubjectPublicKeyInfo => {
      const algorithmContents = contents.readContents(Tag.SEQUENCE);
      const { unusedBits, bytes: subjectPublicKey } = contents.readBitString();
      if (unusedBits !== 0) throw malformed();
      p256Algorithm ??= concatBytes(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1));
      if (equalBytes(algorithmContents, p256Algorithm)) return ecKey(der, subjectPublicKey, Oid.prime256v1);
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
          return { kind: 'RSA', ...rsaKey(der, algorithm, subjectPublicKey) };
        case Oid.rsassaPss: {
          const restriction = parameters === undefined ? undefined : parseRsassaPssParameters(parameters);
          return { kind: 'RSASSA-PSS', ...rsaKey(der, algorithm, subjectPublicKey), parameters: restriction };
        }
        default:
          return mlDsaKey(der, algorithm, parameters, subjectPublicKey);
      }
    }),
  );
}

/**
 * Passes over a SubjectPublicKeyInfo, checking that it is one of some algorithm; returns its DER. A key is whole octets: RFC 5280
 * 4.1.2.7 leaves it open, but no algorithm has another key, and a hash over such a key is not the hash of its bits.
 */
export function readSubjectPublicKeyInfo(reader: DerReader): Uint8Array {
  const der = reader.readElement(Tag.SEQUENCE);
  const contents = contentsOf(der);
  readAlgorithmIdentifier(contents);
  if (contents.readBitString().unusedBits !== 0) throw malformed();
  contents.end();
  return der;
}

/**
 * The key for node:crypto. It goes through PEM, because a string spares node:crypto four thrown and caught exceptions that cost
 * more than the base64: 36 µs against 85 µs for a P-256 key. Throws X509Error SUBJECT_PUBLIC_KEY_INFO_MALFORMED, a point off its
 * curve included, and ALGORITHM_UNSUPPORTED for an ML-DSA key where Node's OpenSSL is older than 3.5.
 */
export function importPublicKey(subjectPublicKeyInfo: Uint8Array): KeyObject {
  const { buffer, byteOffset, byteLength } = subjectPublicKeyInfo;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  let lines = '';
  // OpenSSL reads lines of at most 254 characters.
  for (let at = 0; at < base64.length; at += PEM_COLUMNS) lines += `${base64.slice(at, at + PEM_COLUMNS)}\n`;
  let key: KeyObject;
  try {
    key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`);
  } catch (cause) {
    throw refusedImport(subjectPublicKeyInfo, cause);
  }
  // OpenSSL knows the key and node:crypto does not: Node 24 before 24.6.
  if (key.asymmetricKeyType === undefined) throw refusedImport(subjectPublicKeyInfo);
  return key;
}

// Any octets of the right length are an ML-DSA key (FIPS 204 algorithm 23), so it is not the key that is at fault.
function refusedImport(subjectPublicKeyInfo: Uint8Array, cause?: unknown): X509Error {
  const { kind, algorithm: oid } = parseSubjectPublicKeyInfo(subjectPublicKeyInfo);
  return isMlDsa(kind) ? new X509Error('ALGORITHM_UNSUPPORTED', { oid, cause }) : malformed(cause);
}

export function isMlDsa(kind: SubjectPublicKeyInfo['kind']): kind is MlDsaKind {
  return kind === 'ML-DSA-44' || kind === 'ML-DSA-65' || kind === 'ML-DSA-87';
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

function mlDsaKey(
  der: Uint8Array,
  algorithm: string,
  parameters: Uint8Array | undefined,
  subjectPublicKey: Uint8Array,
): SubjectPublicKeyInfo {
  const set = ML_DSA.get(algorithm);
  if (set === undefined) return { kind: 'other', der, algorithm, subjectPublicKey };
  if (parameters !== undefined || subjectPublicKey.length !== set.octets) throw malformed();
  return { kind: set.kind, der, algorithm, subjectPublicKey };
}

function rsaKey(der: Uint8Array, algorithm: string, subjectPublicKey: Uint8Array): RsaKeyBase {
  return readWhole(subjectPublicKey, (contents) => {
    const modulus = unsigned(contents.readInteger());
    const exponent = unsigned(contents.readInteger());
    const modulusBits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
    const publicExponent = BigInt(`0x0${toHex(exponent)}`);
    return { der, algorithm, subjectPublicKey, modulusBits, publicExponent };
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

function malformed(cause?: unknown): X509Error {
  return new X509Error('SUBJECT_PUBLIC_KEY_INFO_MALFORMED', { cause });
}
