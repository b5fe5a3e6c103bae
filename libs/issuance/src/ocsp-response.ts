import {
  encodeBitString,
  encodeEnumerated,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  equalBytes,
  Oid,
} from '@touchmark/der';
import {
  encodeExtension,
  encodeReasonCode,
  encodeSignatureAlgorithm,
  keyHashSha1,
  type OcspResponseStatus,
  parseCertificate,
  parseSubjectPublicKeyInfo,
  type ReasonCode,
} from '@touchmark/x509';

import { callSigner } from './call-signer.js';
import type { Signer } from './signer.js';

/** Whether and since when a certificate is revoked. Times are UTC seconds. */
export type OcspCertStatus =
  | { readonly status: 'good' | 'unknown' }
  | { readonly status: 'revoked'; readonly revocationTime: number; readonly revocationReason?: ReasonCode };

export interface OcspSingleResponse {
  /** CertID as the request spelled it, whole element: a client compares it octet for octet. */
  readonly certId: Uint8Array;
  readonly certStatus: OcspCertStatus;
  /** UTC seconds; nextUpdate is never left out (RFC 9919). */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface OcspResponseContent {
  /** UTC seconds. */
  readonly producedAt: number;
  readonly responses: readonly OcspSingleResponse[];
  /** extnValue contents of the request's nonce, echoed as they are (RFC 9654). */
  readonly nonce?: Uint8Array;
}

/** A responder ready to sign, with the DER that all of its answers share. */
export interface OcspResponder {
  readonly signer: Signer;
  /** responderID, byKey. */
  readonly responderId: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  /** certs [0], with the delegated certificate; nothing where the CA answers itself. */
  readonly certs: Uint8Array;
}

const OCSP_BASIC = encodeOid(Oid.ocspBasic);
const SUCCESSFUL = encodeEnumerated(0);
const NOTHING = new Uint8Array(0);
const GOOD = encodeImplicit(0, NOTHING);
const UNKNOWN = encodeImplicit(2, NOTHING);

/**
 * Joins a delegated OCSP certificate (DER) and the signer of its key; without certificate the CA's own key answers.
 * TypeError if they are of different keys.
 */
export function loadOcspResponder(signer: Signer, certificate?: Uint8Array): OcspResponder {
  if (
    certificate !== undefined &&
    !equalBytes(parseCertificate(certificate).subjectPublicKeyInfo, signer.subjectPublicKeyInfo)
  ) {
    throw new TypeError('the signer holds another key than the certificate');
  }
  const key = parseSubjectPublicKeyInfo(signer.subjectPublicKeyInfo);
  return {
    signer,
    responderId: encodeExplicit(2, encodeOctetString(keyHashSha1(key))),
    signatureAlgorithm: encodeSignatureAlgorithm(signer.signatureAlgorithm),
    certs: certificate === undefined ? NOTHING : encodeExplicit(0, encodeSequence(certificate)),
  };
}

/**
 * A signed OCSPResponse of type basic (RFC 6960 4.2.1), DER. Answers at once where the signer does.
 * Throws (or rejects with) IssuanceError SIGNING_FAILED.
 */
export function encodeOcspResponse(
  responder: OcspResponder,
  content: OcspResponseContent,
): Uint8Array | Promise<Uint8Array> {
  const tbsResponseData = encodeResponseData(responder, content);
  const finish = (signature: Uint8Array): Uint8Array =>
    encodeSequence(
      SUCCESSFUL,
      encodeExplicit(
        0,
        encodeSequence(
          OCSP_BASIC,
          encodeOctetString(
            encodeSequence(tbsResponseData, responder.signatureAlgorithm, encodeBitString(signature), responder.certs),
          ),
        ),
      ),
    );
  const signature = callSigner(responder.signer, tbsResponseData);
  return signature instanceof Promise ? signature.then(finish) : finish(signature);
}

const ERROR_STATUSES = { malformedRequest: 1, internalError: 2, tryLater: 3, sigRequired: 5, unauthorized: 6 } as const;

/** An OCSPResponse without responseBytes, which nobody signs (RFC 6960 4.2.1): five octets. */
export function encodeOcspError(status: Exclude<OcspResponseStatus, 'successful'>): Uint8Array {
  return encodeSequence(encodeEnumerated(ERROR_STATUSES[status]));
}

// version is v1, the DEFAULT, and so not encoded.
function encodeResponseData(
  responder: OcspResponder,
  { producedAt, responses, nonce }: OcspResponseContent,
): Uint8Array {
  if (responses.length === 0) throw new TypeError('an OCSP response answers for at least one certificate');
  return encodeSequence(
    responder.responderId,
    encodeGeneralizedTime(producedAt),
    encodeSequence(...responses.map(encodeSingleResponse)),
    nonce === undefined ? NOTHING : encodeExplicit(1, encodeSequence(encodeExtension(Oid.ocspNonce, false, nonce))),
  );
}

function encodeSingleResponse({ certId, certStatus, thisUpdate, nextUpdate }: OcspSingleResponse): Uint8Array {
  return encodeSequence(
    certId,
    encodeCertStatus(certStatus),
    encodeGeneralizedTime(thisUpdate),
    encodeExplicit(0, encodeGeneralizedTime(nextUpdate)),
  );
}

function encodeCertStatus(certStatus: OcspCertStatus): Uint8Array {
  if (certStatus.status !== 'revoked') return certStatus.status === 'good' ? GOOD : UNKNOWN;
  const { revocationTime, revocationReason } = certStatus;
  // unspecified is said by leaving the reason out, as in a CRL.
  const reason =
    revocationReason === undefined || revocationReason === 'unspecified'
      ? NOTHING
      : encodeExplicit(0, encodeReasonCode(revocationReason));
  // [1] IMPLICIT RevokedInfo.
  return encodeExplicit(1, encodeGeneralizedTime(revocationTime), reason);
}
