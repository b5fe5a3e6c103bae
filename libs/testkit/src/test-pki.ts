import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

import {
  encodeBitString,
  encodeExplicit,
  encodeInteger,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
} from '@touchmark/der';
import {
  type Certificate,
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeName,
  encodeSignatureAlgorithm,
  encodeSubjectAltName,
  encodeSubjectKeyIdentifier,
  type EncodableName,
  keyIdentifier,
  type KeyUsage,
  parseCertificate,
  parseSubjectPublicKeyInfo,
  type SignatureAlgorithmName,
} from '@touchmark/x509';

/** The time around which test certificates are valid, UTC seconds: 2026-07-01T00:00:00Z. */
export const TEST_NOW = 1_782_864_000;
const YEAR = 31_536_000;

export type TestKeyKind =
  | 'EC P-256'
  | 'EC P-384'
  | 'EC P-521'
  | 'Ed25519'
  | 'RSA'
  | 'RSASSA-PSS'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87';

export interface TestKey {
  readonly kind: TestKeyKind;
  readonly privateKey: KeyObject;
  /** DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
  /** What it signs with; that of its kind and of SHA-256, or of its curve's strength, if left out. */
  readonly signs?: SignatureAlgorithmName;
}

/** A new key pair. RSA, with RSASSA-PSS or without, has 2048 bits, or as many as `modulusLength` says. */
export function generateTestKey(kind: TestKeyKind = 'EC P-256', modulusLength = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPair(kind, modulusLength);
  return { kind, privateKey, subjectPublicKeyInfo: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })) };
}

/** What a test certificate may deviate in. What is left out is as our profiles have it; `null` leaves an extension out. */
export interface TestCertificateOptions {
  /** commonName, or the DER of a Name. */
  readonly subject?: string | Uint8Array;
  /** DER of a Name that is not the issuer's. */
  readonly issuer?: Uint8Array;
  readonly key?: TestKey;
  /** Magnitude of the serial number; 16 octets at random if left out. */
  readonly serialNumber?: Uint8Array;
  /** UTC seconds; a year to each side of TEST_NOW if left out. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly version?: 1 | 2 | 3;
  readonly basicConstraints?: { cA: boolean; pathLenConstraint?: number } | null;
  readonly keyUsage?: readonly KeyUsage[] | null;
  readonly extKeyUsage?: readonly string[] | null;
  readonly subjectAltName?: readonly EncodableName[] | null;
  readonly subjectAltNameCritical?: boolean;
  readonly subjectKeyIdentifier?: Uint8Array | null;
  readonly authorityKeyIdentifier?: Uint8Array | null;
  /** More extensions, each a whole Extension element. */
  readonly extraExtensions?: readonly Uint8Array[];
  /** AlgorithmIdentifier DER outside; the issuer key's own if left out. */
  readonly signatureAlgorithm?: Uint8Array;
  /** AlgorithmIdentifier DER inside the signed part; as outside if left out. */
  readonly innerSignatureAlgorithm?: Uint8Array;
  /** Signs with this key instead of the issuer's, under the issuer's name. */
  readonly signingKey?: TestKey;
}

export interface TestCertificate {
  readonly certificate: Certificate;
  readonly der: Uint8Array;
  readonly key: TestKey;
}

/** A certification authority for tests, synchronous; makes any deviation it is asked for. */
export class TestCa implements TestCertificate {
  readonly der: Uint8Array;
  readonly key: TestKey;
  readonly certificate: Certificate;

  private constructor(der: Uint8Array, key: TestKey) {
    this.der = der;
    this.key = key;
    this.certificate = parseCertificate(der);
  }

  /** A self-signed root. */
  static root(options: TestCertificateOptions = {}): TestCa {
    const key = options.key ?? generateTestKey();
    const name = subjectOf(options, 'Test root');
    const der = buildCertificate({ ...CA_DEFAULTS, ...options, key }, { name, key, fallbackSubject: 'Test root' });
    return new TestCa(der, key);
  }

  /** An intermediate CA below this one. */
  issueCa(options: TestCertificateOptions = {}): TestCa {
    const key = options.key ?? generateTestKey();
    return new TestCa(this.build({ ...CA_DEFAULTS, ...options, key }, 'Test issuing CA'), key);
  }

  /** An end entity: digitalSignature, clientAuth. */
  issue(options: TestCertificateOptions = {}): TestCertificate {
    const key = options.key ?? generateTestKey();
    const der = this.build({ ...LEAF_DEFAULTS, ...options, key }, 'test-device');
    return { der, key, certificate: parseCertificate(der) };
  }

  /** The same as octets only, for certificates that no reader takes. */
  issueDer(options: TestCertificateOptions = {}): Uint8Array {
    return this.build({ ...LEAF_DEFAULTS, key: generateTestKey(), ...options }, 'test-device');
  }

  private build(options: TestCertificateOptions & { key: TestKey }, fallbackSubject: string): Uint8Array {
    return buildCertificate(options, { name: this.certificate.subject, key: this.key, fallbackSubject });
  }
}

/** Signs as X.509 does: the octets, then the algorithm, then the signature, in a SEQUENCE. */
export function signTestObject(
  tbs: Uint8Array,
  key: TestKey,
  signatureAlgorithm = signatureAlgorithmOf(key),
): Uint8Array {
  return encodeSequence(tbs, signatureAlgorithm, encodeBitString(signTestBits(tbs, key)));
}

/** The signature alone, as it goes into a BIT STRING. */
export function signTestBits(data: Uint8Array, key: TestKey): Uint8Array {
  const { digest, saltLength } = SIGNING[algorithmNameOf(key)];
  const pss = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return sign(digest, data, { key: key.privateKey, ...pss });
}

/** AlgorithmIdentifier DER that fits the key. */
export function signatureAlgorithmOf(key: TestKey): Uint8Array {
  return encodeSignatureAlgorithm(algorithmNameOf(key));
}

function algorithmNameOf({ kind, signs }: TestKey): SignatureAlgorithmName {
  return signs ?? ALGORITHMS[kind];
}

const ALGORITHMS: Record<TestKeyKind, SignatureAlgorithmName> = {
  'EC P-256': 'ecdsaWithSHA256',
  'EC P-384': 'ecdsaWithSHA384',
  'EC P-521': 'ecdsaWithSHA512',
  Ed25519: 'ed25519',
  RSA: 'sha256WithRSAEncryption',
  'RSASSA-PSS': 'rsassaPssWithSHA256',
  'ML-DSA-44': 'mlDsa44',
  'ML-DSA-65': 'mlDsa65',
  'ML-DSA-87': 'mlDsa87',
};

const SIGNING: Record<SignatureAlgorithmName, { digest: string | null; saltLength?: number }> = {
  ecdsaWithSHA256: { digest: 'sha256' },
  ecdsaWithSHA384: { digest: 'sha384' },
  ecdsaWithSHA512: { digest: 'sha512' },
  ed25519: { digest: null },
  sha256WithRSAEncryption: { digest: 'sha256' },
  sha384WithRSAEncryption: { digest: 'sha384' },
  sha512WithRSAEncryption: { digest: 'sha512' },
  rsassaPssWithSHA256: { digest: 'sha256', saltLength: 32 },
  rsassaPssWithSHA384: { digest: 'sha384', saltLength: 48 },
  rsassaPssWithSHA512: { digest: 'sha512', saltLength: 64 },
  mlDsa44: { digest: null },
  mlDsa65: { digest: null },
  mlDsa87: { digest: null },
};

const CA_DEFAULTS: TestCertificateOptions = {
  basicConstraints: { cA: true },
  keyUsage: ['keyCertSign', 'cRLSign'],
};

const LEAF_DEFAULTS: TestCertificateOptions = {
  keyUsage: ['digitalSignature'],
  extKeyUsage: [Oid.clientAuth],
};

interface Issuer {
  readonly name: Uint8Array;
  readonly key: TestKey;
  readonly fallbackSubject: string;
}

function buildCertificate(options: TestCertificateOptions & { key: TestKey }, issuer: Issuer): Uint8Array {
  const signatureAlgorithm = options.signatureAlgorithm ?? signatureAlgorithmOf(options.signingKey ?? issuer.key);
  const version = options.version ?? 3;
  const extensions = encodeTestExtensions(options, issuer.key);
  const tbsCertificate = encodeSequence(
    ...(version === 1 ? [] : [encodeExplicit(0, encodeSmallInteger(version - 1))]),
    encodeInteger(options.serialNumber ?? Uint8Array.of(0x54, ...randomBytes(15))),
    options.innerSignatureAlgorithm ?? signatureAlgorithm,
    options.issuer ?? issuer.name,
    encodeSequence(encodeTime(options.notBefore ?? TEST_NOW - YEAR), encodeTime(options.notAfter ?? TEST_NOW + YEAR)),
    subjectOf(options, issuer.fallbackSubject),
    options.key.subjectPublicKeyInfo,
    ...(extensions.length === 0 ? [] : [encodeExplicit(3, encodeSequence(...extensions))]),
  );
  return signTestObject(tbsCertificate, options.signingKey ?? issuer.key, signatureAlgorithm);
}

function encodeTestExtensions(options: TestCertificateOptions & { key: TestKey }, issuerKey: TestKey): Uint8Array[] {
  const { basicConstraints, keyUsage, extKeyUsage, subjectAltName } = options;
  const subjectKeyIdentifier = options.subjectKeyIdentifier ?? identifierOf(options.key);
  const authorityKeyIdentifier = options.authorityKeyIdentifier ?? identifierOf(issuerKey);
  const extensions: Uint8Array[] = [];
  // Only explicit extensions fit into v1 and v2.
  const derived = (options.version ?? 3) === 3;
  if (basicConstraints) {
    extensions.push(encodeExtension(Oid.basicConstraints, true, encodeBasicConstraints(basicConstraints)));
  }
  if (keyUsage) extensions.push(encodeExtension(Oid.keyUsage, true, encodeKeyUsage(keyUsage)));
  if (extKeyUsage) extensions.push(encodeExtension(Oid.extKeyUsage, false, encodeExtKeyUsage(extKeyUsage)));
  if (subjectAltName) {
    const critical = options.subjectAltNameCritical ?? false;
    extensions.push(encodeExtension(Oid.subjectAltName, critical, encodeSubjectAltName(subjectAltName)));
  }
  if (derived && options.subjectKeyIdentifier !== null) {
    const value = encodeSubjectKeyIdentifier(subjectKeyIdentifier);
    extensions.push(encodeExtension(Oid.subjectKeyIdentifier, false, value));
  }
  if (derived && options.authorityKeyIdentifier !== null) {
    const value = encodeAuthorityKeyIdentifier(authorityKeyIdentifier);
    extensions.push(encodeExtension(Oid.authorityKeyIdentifier, false, value));
  }
  return [...extensions, ...(options.extraExtensions ?? [])];
}

function subjectOf({ subject }: TestCertificateOptions, fallback: string): Uint8Array {
  if (subject instanceof Uint8Array) return subject;
  return encodeName([{ type: Oid.commonName, value: subject ?? fallback }]);
}

function identifierOf(key: TestKey): Uint8Array {
  return keyIdentifier(parseSubjectPublicKeyInfo(key.subjectPublicKeyInfo));
}

function generateKeyPair(kind: TestKeyKind, modulusLength: number): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (kind) {
    case 'EC P-256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EC P-384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'EC P-521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' });
    case 'Ed25519':
      return generateKeyPairSync('ed25519');
    case 'RSASSA-PSS':
      return generateKeyPairSync('rsa-pss', { modulusLength });
    case 'ML-DSA-44':
      return generateKeyPairSync('ml-dsa-44');
    case 'ML-DSA-65':
      return generateKeyPairSync('ml-dsa-65');
    case 'ML-DSA-87':
      return generateKeyPairSync('ml-dsa-87');
    case 'RSA':
    default:
      return generateKeyPairSync('rsa', { modulusLength });
  }
}
