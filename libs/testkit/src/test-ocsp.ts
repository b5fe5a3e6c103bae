import {
  encodeBitString,
  encodeEnumerated,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Oid,
} from '@touchmark/der';
import {
  encodeCertId,
  encodeExtension,
  encodeReasonCode,
  keyHashSha1,
  parseSubjectPublicKeyInfo,
  type ReasonCode,
} from '@touchmark/x509';

import { signTestBits, signatureAlgorithmOf, TEST_NOW, type TestCertificate, type TestKey } from './test-pki.js';

/** What one SingleResponse says; what is left out is as a good response has it, `null` leaves a member out. */
export interface TestSingleResponse {
  /** Of whom it speaks. */
  readonly of: TestCertificate;
  /** `good` if left out. */
  readonly status?: 'good' | 'unknown' | { readonly revocationTime: number; readonly reason?: ReasonCode };
  /** `sha256` if left out. */
  readonly hashAlgorithm?: 'sha1' | 'sha256';
  /** CertID, whole element, in the place of that of the certificate. */
  readonly certId?: Uint8Array;
  /** UTC seconds; TEST_NOW - 60 if left out. */
  readonly thisUpdate?: number;
  /** UTC seconds; an hour after TEST_NOW if left out. */
  readonly nextUpdate?: number | null;
  /** Whole Extension elements. */
  readonly singleExtensions?: readonly Uint8Array[];
}

export interface TestOcspResponseOptions {
  /** The CA whose certificates it speaks of. */
  readonly issuer: TestCertificate;
  readonly responses: readonly TestSingleResponse[];
  /** Whose certificate says who signed; the issuer's if left out. */
  readonly signer?: TestCertificate;
  /** Signs with this key instead of the signer's. */
  readonly signingKey?: TestKey;
  /** `byKey` if left out; or the DER of a ResponderID. */
  readonly responderId?: 'byKey' | 'byName' | Uint8Array;
  /** UTC seconds; TEST_NOW - 60 if left out. */
  readonly producedAt?: number;
  /** DER certificates; the signer's if left out, or none where that is the issuer. */
  readonly certs?: readonly Uint8Array[];
  /** Octets of the nonce. */
  readonly nonce?: Uint8Array;
  /** Whole Extension elements beside the nonce. */
  readonly responseExtensions?: readonly Uint8Array[];
  /** AlgorithmIdentifier DER; that of the signing key if left out. */
  readonly signatureAlgorithm?: Uint8Array;
}

/** A successful OCSP response of type basic, DER, with any deviation that it is asked for. */
export function makeTestOcspResponse(options: TestOcspResponseOptions): Uint8Array {
  const signer = options.signer ?? options.issuer;
  const signingKey = options.signingKey ?? signer.key;
  const certs = options.certs ?? (signer === options.issuer ? [] : [signer.der]);
  const extensions = [
    ...(options.nonce === undefined ? [] : [encodeExtension(Oid.ocspNonce, false, encodeOctetString(options.nonce))]),
    ...(options.responseExtensions ?? []),
  ];
  const tbsResponseData = encodeSequence(
    responderIdOf(options.responderId ?? 'byKey', signer),
    encodeGeneralizedTime(options.producedAt ?? TEST_NOW - 60),
    encodeSequence(...options.responses.map((single) => encodeSingle(single, options.issuer))),
    ...(extensions.length === 0 ? [] : [encodeExplicit(1, encodeSequence(...extensions))]),
  );
  const basic = encodeSequence(
    tbsResponseData,
    options.signatureAlgorithm ?? signatureAlgorithmOf(signingKey),
    encodeBitString(signTestBits(tbsResponseData, signingKey)),
    ...(certs.length === 0 ? [] : [encodeExplicit(0, encodeSequence(...certs))]),
  );
  return encodeSequence(
    encodeEnumerated(0),
    encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
  );
}

function encodeSingle(single: TestSingleResponse, issuer: TestCertificate): Uint8Array {
  const { of, status = 'good', hashAlgorithm = 'sha256', thisUpdate = TEST_NOW - 60 } = single;
  const { nextUpdate = TEST_NOW + 3600, singleExtensions = [] } = single;
  const issuerKey = parseSubjectPublicKeyInfo(issuer.key.subjectPublicKeyInfo);
  const { issuer: name, serialNumber } = of.certificate;
  return encodeSequence(
    single.certId ?? encodeCertId({ hashAlgorithm, issuer: name, issuerKey, serialNumber }),
    encodeStatus(status),
    encodeGeneralizedTime(thisUpdate),
    ...(nextUpdate === null ? [] : [encodeExplicit(0, encodeGeneralizedTime(nextUpdate))]),
    ...(singleExtensions.length === 0 ? [] : [encodeExplicit(1, encodeSequence(...singleExtensions))]),
  );
}

function encodeStatus(status: NonNullable<TestSingleResponse['status']>): Uint8Array {
  if (typeof status === 'string') return encodeImplicit(status === 'good' ? 0 : 2, new Uint8Array(0));
  const { revocationTime, reason } = status;
  const encoded = reason === undefined ? [] : [encodeExplicit(0, encodeReasonCode(reason))];
  return encodeExplicit(1, encodeGeneralizedTime(revocationTime), ...encoded);
}

function responderIdOf(kind: 'byKey' | 'byName' | Uint8Array, { certificate, key }: TestCertificate): Uint8Array {
  if (kind instanceof Uint8Array) return kind;
  if (kind === 'byName') return encodeExplicit(1, certificate.subject);
  return encodeExplicit(2, encodeOctetString(keyHashSha1(parseSubjectPublicKeyInfo(key.subjectPublicKeyInfo))));
}
