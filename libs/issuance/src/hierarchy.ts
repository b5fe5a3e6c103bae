import { createPublicKey, type KeyObject } from 'node:crypto';

import { Crypto } from '@peculiar/webcrypto';
import { Extension, Name, X509CertificateGenerator } from '@peculiar/x509';
import { equalBytes, MAX_TIME, Oid, toHex } from '@touchmark/der';
import {
  encodeAuthorityInfoAccess,
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeCRLDistributionPoints,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeName,
  encodeSubjectKeyIdentifier,
  keyIdentifier,
  parseCertificate,
  parseSubjectKeyIdentifier,
  parseSubjectPublicKeyInfo,
  verifySignature,
} from '@touchmark/x509';

import { IssuanceError } from './issuance-error.js';
import type { IssuingCaKind } from './profile.js';

// CA certificates are rare, so they are made by @peculiar/x509, with @peculiar/webcrypto to sign, and read back by our own code;
// entry points load reflect-metadata before this module.
const engine = new Crypto();

const COMMON_NAMES = {
  root: 'Root CA',
  idevid: 'IDevID CA',
  ldevid: 'LDevID CA',
  infrastructure: 'Infrastructure CA',
} as const;

export type AuthorityKind = keyof typeof COMMON_NAMES;

interface AuthorityContent {
  readonly organization: string;
  /** Prefix of the commonName, `Touchmark` by default. */
  readonly brand?: string;
  /** 1 for the first key of this CA. A new key is a new name: `… G2`. */
  readonly generation: number;
  /** Big-endian, positive, at most 20 octets. */
  readonly serialNumber: Uint8Array;
  /** UTC seconds. */
  readonly notBefore: number;
}

export interface RootContent extends AuthorityContent {
  /** P-384 private key. */
  readonly privateKey: KeyObject;
}

export interface IssuingCaContent extends AuthorityContent {
  readonly kind: IssuingCaKind;
  /** Ignored for `idevid`, which never ends. UTC seconds. */
  readonly notAfter: number;
  /** P-256 key of the new CA: SubjectPublicKeyInfo, DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly root: { readonly certificate: Uint8Array; readonly privateKey: KeyObject };
  /** Where the root's CRL and certificate are published; left out where nothing is. */
  readonly publicationPoints?: { readonly crl: string; readonly caIssuers: string };
}

/** `Touchmark IDevID CA G1` and the like. */
export function authorityCommonName(kind: AuthorityKind, generation: number, brand = 'Touchmark'): string {
  if (!Number.isInteger(generation) || generation < 1) throw new TypeError('a generation is 1 or more');
  return `${brand} ${COMMON_NAMES[kind]} G${generation}`;
}

/**
 * A self-signed root certificate, DER: it never ends (99991231235959Z) and signs CA certificates and CRLs only.
 * The key may go offline as soon as the issuing CAs exist.
 */
export async function createRootCertificate(content: RootContent): Promise<Uint8Array> {
  const subjectPublicKeyInfo = publicKeyOf(content.privateKey);
  const subject = authorityName('root', content);
  return create({
    subject,
    issuer: subject,
    serialNumber: content.serialNumber,
    notBefore: content.notBefore,
    notAfter: MAX_TIME,
    subjectPublicKeyInfo,
    signingKey: content.privateKey,
    signerPublicKeyInfo: subjectPublicKeyInfo,
    extensions: [
      extension(Oid.basicConstraints, true, encodeBasicConstraints({ cA: true })),
      extension(Oid.subjectKeyIdentifier, false, identifierOf(subjectPublicKeyInfo)),
    ],
  });
}

/**
 * The certificate of an issuing CA, DER: signed by the root, pathLenConstraint 0, the LDevID CA held to clientAuth by its
 * extKeyUsage. The others have none: an IDevID is for enrolment of any kind, and infrastructure serves, connects and signs
 * status. No OCSPSigning stands in any: it would let the CA answer for its siblings.
 */
export async function createIssuingCaCertificate(content: IssuingCaContent): Promise<Uint8Array> {
  const { kind, root, subjectPublicKeyInfo, publicationPoints } = content;
  const issuer = parseCertificate(root.certificate);
  const notAfter = kind === 'idevid' ? MAX_TIME : content.notAfter;
  if (content.notBefore >= notAfter || content.notBefore < issuer.notBefore || notAfter > issuer.notAfter) {
    throw new IssuanceError('VALIDITY_REFUSED', { notBefore: content.notBefore, notAfter });
  }
  const issuerIdentifier = issuer.extensions.get(Oid.subjectKeyIdentifier)?.value;
  if (issuerIdentifier === undefined) throw new TypeError('the root certificate has no subjectKeyIdentifier');
  return create({
    subject: authorityName(kind, content),
    issuer: issuer.subject,
    serialNumber: content.serialNumber,
    notBefore: content.notBefore,
    notAfter,
    subjectPublicKeyInfo,
    signingKey: root.privateKey,
    signerPublicKeyInfo: issuer.subjectPublicKeyInfo,
    extensions: [
      extension(Oid.basicConstraints, true, encodeBasicConstraints({ cA: true, pathLenConstraint: 0 })),
      ...(kind === 'ldevid' ? [extension(Oid.extKeyUsage, false, encodeExtKeyUsage([Oid.clientAuth]))] : []),
      extension(Oid.subjectKeyIdentifier, false, identifierOf(subjectPublicKeyInfo)),
      extension(
        Oid.authorityKeyIdentifier,
        false,
        encodeAuthorityKeyIdentifier(parseSubjectKeyIdentifier(issuerIdentifier)),
      ),
      ...(publicationPoints === undefined
        ? []
        : [
            extension(Oid.cRLDistributionPoints, false, encodeCRLDistributionPoints([publicationPoints.crl])),
            extension(
              Oid.authorityInfoAccess,
              false,
              encodeAuthorityInfoAccess({ caIssuers: [publicationPoints.caIssuers] }),
            ),
          ]),
    ],
  });
}

interface CaCertificate {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly serialNumber: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly signingKey: KeyObject;
  readonly signerPublicKeyInfo: Uint8Array;
  readonly extensions: Extension[];
}

async function create(content: CaCertificate): Promise<Uint8Array> {
  checkSubjectKey(content);
  const algorithm = signingAlgorithm(content.signingKey);
  const pkcs8 = content.signingKey.export({ format: 'der', type: 'pkcs8' });
  const signingKey = await engine.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  pkcs8.fill(0);
  const made = await X509CertificateGenerator.create(
    {
      subject: new Name(content.subject),
      issuer: new Name(content.issuer),
      serialNumber: toHex(content.serialNumber),
      notBefore: new Date(content.notBefore * 1000),
      notAfter: new Date(content.notAfter * 1000),
      publicKey: content.subjectPublicKeyInfo,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [...content.extensions, extension(Oid.keyUsage, true, encodeKeyUsage(['keyCertSign', 'cRLSign']))],
    },
    engine,
  );
  return checkMade(new Uint8Array(made.rawData), content);
}

// Read back by our own reader before anybody gets it, as every leaf is.
function checkMade(der: Uint8Array, content: CaCertificate): Uint8Array {
  const certificate = parseCertificate(der);
  const same =
    equalBytes(certificate.subject, content.subject) &&
    equalBytes(certificate.issuer, content.issuer) &&
    equalBytes(certificate.serialNumber, content.serialNumber) &&
    equalBytes(certificate.subjectPublicKeyInfo, content.subjectPublicKeyInfo) &&
    certificate.notBefore === content.notBefore &&
    certificate.notAfter === content.notAfter;
  if (!same) throw new IssuanceError('LINT_FAILED', { findings: ['the CA certificate is what was asked for'] });
  const valid = verifySignature({
    algorithm: certificate.signatureAlgorithm,
    subjectPublicKeyInfo: content.signerPublicKeyInfo,
    data: certificate.tbsCertificate,
    signature: certificate.signature,
  });
  if (!valid) throw new IssuanceError('SIGNING_FAILED', { stage: 'verify' });
  return der;
}

// P-384 signs for P-256; every other pairing is a fault of set-up.
function checkSubjectKey({ signingKey, subjectPublicKeyInfo, signerPublicKeyInfo }: CaCertificate): void {
  const expected = equalBytes(subjectPublicKeyInfo, signerPublicKeyInfo) ? 'EC P-384' : 'EC P-256';
  if (parseSubjectPublicKeyInfo(subjectPublicKeyInfo).kind !== expected) {
    throw new IssuanceError('KEY_ALGORITHM_REFUSED', {
      algorithm: parseSubjectPublicKeyInfo(subjectPublicKeyInfo).kind,
    });
  }
  if (!equalBytes(publicKeyOf(signingKey), signerPublicKeyInfo)) {
    throw new TypeError('the private key is not the one of the issuer');
  }
}

function signingAlgorithm(key: KeyObject): { name: 'ECDSA'; namedCurve: string; hash: string } {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== 'secp384r1') throw new IssuanceError('KEY_ALGORITHM_REFUSED', { algorithm: curve ?? 'unknown' });
  return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
}

function authorityName(kind: AuthorityKind, { organization, brand, generation }: AuthorityContent): Uint8Array {
  return encodeName([
    { type: Oid.organizationName, value: organization },
    { type: Oid.commonName, value: authorityCommonName(kind, generation, brand) },
  ]);
}

function publicKeyOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
}

function identifierOf(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  return encodeSubjectKeyIdentifier(keyIdentifier(parseSubjectPublicKeyInfo(subjectPublicKeyInfo)));
}

function extension(oid: string, critical: boolean, value: Uint8Array): Extension {
  return new Extension(oid, critical, value);
}
