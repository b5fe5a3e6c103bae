import { constants, type KeyObject, verify } from 'node:crypto';

import { DerReader, encodeNull, encodeOid, encodeSequence, equalBytes, Oid, Tag, toHex } from '@touchmark/der';

import type { AlgorithmIdentifier } from './algorithm-identifier.js';
import { type Floor, X509Error } from './error.js';
import { checkKeyPolicy } from './key-policy.js';
import { parsing } from './parsing.js';
import { encodeRsassaPssParameters, parseRsassaPssParameters } from './rsassa-pss-parameters.js';
import { STRONG_HASHES, type StrongHash } from './strong-hashes.js';
import {
  importPublicKey,
  type MlDsaKind,
  parseSubjectPublicKeyInfo,
  type SubjectPublicKeyInfo,
} from './subject-public-key-info.js';

/** What the algorithm asks of the key; `digest` is undefined where the algorithm hashes by itself. */
type SignatureScheme = { readonly oid: string } & (
  | { readonly family: 'EC' | 'RSA'; readonly digest: StrongHash['digest'] }
  | { readonly family: 'Ed25519' | MlDsaKind; readonly digest?: undefined }
  | ({ readonly family: 'RSASSA-PSS'; readonly hash: string } & StrongHash)
);

/** Names of the signature algorithms that we accept. RFC 4055 has no names for RSASSA-PSS with a hash: these are ours. */
export type SignatureAlgorithmName =
  | 'ecdsaWithSHA256'
  | 'ecdsaWithSHA384'
  | 'ecdsaWithSHA512'
  | 'ed25519'
  | 'sha256WithRSAEncryption'
  | 'sha384WithRSAEncryption'
  | 'sha512WithRSAEncryption'
  | 'rsassaPssWithSHA256'
  | 'rsassaPssWithSHA384'
  | 'rsassaPssWithSHA512'
  | 'mlDsa44'
  | 'mlDsa65'
  | 'mlDsa87';

// Any strong hash with any curve: OpenSSL and the public web pair them freely, and verification loses nothing by it. HashML-DSA has
// object identifiers of its own, which RFC 9881 3 keeps out of certificates and CRLs.
const SCHEMES: Readonly<Record<SignatureAlgorithmName, SignatureScheme>> = {
  ecdsaWithSHA256: { oid: Oid.ecdsaWithSHA256, family: 'EC', digest: 'sha256' },
  ecdsaWithSHA384: { oid: Oid.ecdsaWithSHA384, family: 'EC', digest: 'sha384' },
  ecdsaWithSHA512: { oid: Oid.ecdsaWithSHA512, family: 'EC', digest: 'sha512' },
  ed25519: { oid: Oid.ed25519, family: 'Ed25519' },
  sha256WithRSAEncryption: { oid: Oid.sha256WithRSAEncryption, family: 'RSA', digest: 'sha256' },
  sha384WithRSAEncryption: { oid: Oid.sha384WithRSAEncryption, family: 'RSA', digest: 'sha384' },
  sha512WithRSAEncryption: { oid: Oid.sha512WithRSAEncryption, family: 'RSA', digest: 'sha512' },
  rsassaPssWithSHA256: pss(Oid.sha256, 'sha256', 32),
  rsassaPssWithSHA384: pss(Oid.sha384, 'sha384', 48),
  rsassaPssWithSHA512: pss(Oid.sha512, 'sha512', 64),
  mlDsa44: { oid: Oid.mlDsa44, family: 'ML-DSA-44' },
  mlDsa65: { oid: Oid.mlDsa65, family: 'ML-DSA-65' },
  mlDsa87: { oid: Oid.mlDsa87, family: 'ML-DSA-87' },
};

// The whole AlgorithmIdentifier is compared, so parameters cannot say anything else than the RFCs allow. Made when the first is
// looked up: it takes longer than all else that a module does when it is loaded.
let byDer: ReadonlyMap<string, SignatureScheme> | undefined;

function schemeOf(der: Uint8Array): SignatureScheme | undefined {
  byDer ??= new Map(Object.values(SCHEMES).map((scheme) => [toHex(encodeScheme(scheme)), scheme]));
  return byDer.get(toHex(der));
}

// Refused because of their hash.
const BELOW_SHA256 = new Set<string>([
  Oid.md5WithRSAEncryption,
  Oid.sha1WithRSAEncryption,
  Oid.sha224WithRSAEncryption,
  Oid.ecdsaWithSHA1,
  Oid.ecdsaWithSHA224,
]);

/**
 * AlgorithmIdentifier DER: parameters absent for ECDSA (RFC 5758 3.2), Ed25519 (RFC 8410 3) and ML-DSA (RFC 9881 3), NULL for RSA
 * PKCS#1 v1.5 (RFC 4055 5), RSASSA-PSS-params for the rest.
 */
export function encodeSignatureAlgorithm(name: SignatureAlgorithmName): Uint8Array {
  return encodeScheme(SCHEMES[name]);
}

export interface SignatureCheck {
  /** As read from the signed object. */
  readonly algorithm: AlgorithmIdentifier;
  /** SubjectPublicKeyInfo, DER or parsed, of who must have signed. */
  readonly subjectPublicKeyInfo: Uint8Array | SubjectPublicKeyInfo;
  /** The same key already imported, to spare the import. */
  readonly key?: KeyObject;
  /** The signed octets, for example tbsCertificate. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Whether the signature over `data` is the key's. A wrong signature is `false`; an algorithm that we never accept, one that does
 * not fit the key, and a key below policy throw X509Error, so that nobody takes "cannot tell" for an answer. Synchronous: about
 * 0.1 ms for P-256, more than 1 ms for P-384, and 0.1 ms for the import of a key that is not given.
 */
export function verifySignature(check: SignatureCheck): boolean {
  const { digest, key, octets } = prepare(check);
  return hasLength(check.signature, octets) && verify(digest, check.data, key, check.signature);
}

/** The same in libuv's thread pool. */
export async function verifySignatureInPool(check: SignatureCheck): Promise<boolean> {
  const { digest, key, octets } = prepare(check);
  if (!hasLength(check.signature, octets)) return false;
  return new Promise((resolve, reject) => {
    verify(digest, check.data, key, check.signature, (error, valid) => {
      if (error === null) resolve(valid);
      else reject(error);
    });
  });
}

interface Prepared {
  /** Of a signature; undefined if that differs. */
  readonly octets: number | undefined;
  readonly digest: string | null;
  readonly key: KeyObject | { readonly key: KeyObject; readonly padding: number; readonly saltLength: number };
}

function prepare(check: SignatureCheck): Prepared {
  const { algorithm, subjectPublicKeyInfo } = check;
  const scheme = schemeOf(algorithm.der) ?? otherEncodingOf(algorithm);
  const spki =
    subjectPublicKeyInfo instanceof Uint8Array ? parseSubjectPublicKeyInfo(subjectPublicKeyInfo) : subjectPublicKeyInfo;
  checkKeyPolicy(spki);
  if (!fits(scheme, spki)) {
    throw new X509Error('SIGNATURE_ALGORITHM_KEY_MISMATCH', { oid: algorithm.oid, floor: 'algorithm of the key' });
  }
  const key = check.key ?? importPublicKey(spki.der);
  const digest = scheme.digest ?? null;
  // RFC 8017 8.1.2, 8.2.2: as long as the modulus. OpenSSL takes an RSA signature without the zeros that it begins with, and then one
  // object would have two encodings.
  const octets = 'modulusBits' in spki ? Math.ceil(spki.modulusBits / 8) : undefined;
  if (scheme.family !== 'RSASSA-PSS') return { octets, digest, key };
  return { octets, digest, key: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.octets } };
}

function hasLength(signature: Uint8Array, octets: number | undefined): boolean {
  return octets === undefined || signature.length === octets;
}

// RFC 4055 3.1: the parameters of a key bind, their salt being the shortest that a signature may have; `checkKeyPolicy` has compared
// that with the hash.
function fits(scheme: SignatureScheme, key: SubjectPublicKeyInfo): boolean {
  switch (key.kind) {
    case 'EC P-256':
    case 'EC P-384':
    case 'EC P-521':
      return scheme.family === 'EC';
    case 'RSA':
      return scheme.family === 'RSA' || scheme.family === 'RSASSA-PSS';
    case 'RSASSA-PSS':
      return (
        scheme.family === 'RSASSA-PSS' && (key.parameters === undefined || key.parameters.hashAlgorithm === scheme.hash)
      );
    case 'Ed25519':
    case 'ML-DSA-44':
    case 'ML-DSA-65':
    case 'ML-DSA-87':
    case 'other':
    default:
      return scheme.family === key.kind;
  }
}

// RSASSA-PSS-params may say the same in four ways, with and without NULL beside either hash. RSA PKCS#1 v1.5 is written with NULL, and
// has to be taken without it (RFC 4055 5).
function otherEncodingOf({ oid, der }: AlgorithmIdentifier): SignatureScheme {
  const withNull = schemeOf(encodeSequence(encodeOid(oid), encodeNull()));
  if (withNull !== undefined && equalBytes(der, encodeSequence(encodeOid(oid)))) return withNull;
  if (oid !== Oid.rsassaPss) {
    throw unsupported(oid, BELOW_SHA256.has(oid) ? 'SHA-256' : 'listed algorithm');
  }
  const { hashAlgorithm, mgf1Hash, saltLength } = parsing(
    'SIGNATURE_ALGORITHM_UNSUPPORTED',
    () => {
      const contents = new DerReader(der).read(Tag.SEQUENCE);
      contents.skip(Tag.OID);
      return parseRsassaPssParameters(contents.readElement());
    },
    oid,
  );
  const hash = STRONG_HASHES.get(hashAlgorithm);
  if (hash === undefined) throw unsupported(oid, 'SHA-256');
  if (mgf1Hash !== hashAlgorithm || saltLength !== hash.octets) throw unsupported(oid, 'MGF1 and salt of the hash');
  return pss(hashAlgorithm, hash.digest, hash.octets);
}

function encodeScheme(scheme: SignatureScheme): Uint8Array {
  const algorithm = encodeOid(scheme.oid);
  switch (scheme.family) {
    case 'RSA':
      return encodeSequence(algorithm, encodeNull());
    case 'RSASSA-PSS':
      return encodeSequence(algorithm, encodeRsassaPssParameters(scheme.hash, scheme.octets));
    case 'EC':
    case 'Ed25519':
    case 'ML-DSA-44':
    case 'ML-DSA-65':
    case 'ML-DSA-87':
    default:
      return encodeSequence(algorithm);
  }
}

// The salt is as long as the hash.
function pss(hash: string, digest: StrongHash['digest'], octets: number): SignatureScheme {
  return { oid: Oid.rsassaPss, family: 'RSASSA-PSS', hash, digest, octets };
}

function unsupported(oid: string, floor: Floor): X509Error {
  return new X509Error('SIGNATURE_ALGORITHM_UNSUPPORTED', { oid, floor });
}
