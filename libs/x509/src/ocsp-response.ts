import { contextTag, type DerReader, Oid, Tag } from '@touchmark/der';

import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.js';
import { type CertId, readCertId } from './cert-id.js';
import { X509Error } from './error.js';
import { type Extensions, readOptionalExtensions } from './extension.js';
import { type ReasonCode, reasonOfNumber } from './extensions/crl-extensions.js';
import { checkCount, MAX_OCSP_CERTS } from './limits.js';
import { readName } from './name.js';
import { contentsOf, parsing, readWhole } from './parsing.js';
import { readSignature } from './signature-value.js';

const STATUSES = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  undefined,
  'sigRequired',
  'unauthorized',
] as const;

/** OCSPResponseStatus (RFC 6960 4.2.1). */
export type OcspResponseStatus = Exclude<(typeof STATUSES)[number], undefined>;

export type CertStatus =
  | { readonly status: 'good' | 'unknown' }
  /** revocationTime in UTC seconds. */
  | { readonly status: 'revoked'; readonly revocationTime: number; readonly revocationReason: ReasonCode | undefined };

export interface SingleResponse {
  readonly certId: CertId;
  readonly certStatus: CertStatus;
  /** UTC seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly singleExtensions: Extensions;
}

export interface BasicOcspResponse {
  /** The signed part, whole element. */
  readonly tbsResponseData: Uint8Array;
  /** DER of a Name, or the SHA-1 of the responder's key bits. */
  readonly responderId: { readonly byName: Uint8Array } | { readonly byKey: Uint8Array };
  /** UTC seconds. */
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  readonly responseExtensions: Extensions;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** DER certificates that came along: candidates for the signer's, nothing more. */
  readonly certs: readonly Uint8Array[];
}

export type OcspResponse =
  | { readonly responseStatus: 'successful'; readonly basic: BasicOcspResponse }
  | { readonly responseStatus: Exclude<OcspResponseStatus, 'successful'> };

/**
 * Reads an OCSP response (RFC 6960 4.2.1) of type basic. Only a successful one has responseBytes. Nothing is judged: signer,
 * times and which CertID was asked for are the caller's. Throws X509Error OCSP_RESPONSE_MALFORMED.
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  return parsing('OCSP_RESPONSE_MALFORMED', () =>
    readWhole(der, (outer): OcspResponse => {
      const responseStatus = STATUSES[outer.readEnumerated()];
      if (responseStatus === undefined) throw malformed();
      if (responseStatus !== 'successful') return { responseStatus };
      const explicit = outer.read(contextTag(0, true));
      const responseBytes = explicit.read(Tag.SEQUENCE);
      explicit.end();
      if (responseBytes.readOid() !== Oid.ocspBasic) throw malformed();
      const basic = readBasicOcspResponse(responseBytes.readOctetString());
      responseBytes.end();
      return { responseStatus, basic };
    }),
  );
}

function readBasicOcspResponse(der: Uint8Array): BasicOcspResponse {
  return readWhole(der, (contents) => {
    const tbsResponseData = contents.readElement(Tag.SEQUENCE);
    const signatureAlgorithm = readAlgorithmIdentifier(contents);
    const signature = readSignature(contents);
    const explicit = contents.readOptional(contextTag(0, true));
    const certs = explicit === undefined ? [] : readCerts(explicit);

    const data = contentsOf(tbsResponseData);
    const version = data.readOptional(contextTag(0, true));
    if (version !== undefined && version.readSmallInteger() !== 0) throw new X509Error('VERSION_INVALID');
    version?.end();
    const responderId = readResponderId(data);
    const producedAt = data.readGeneralizedTime();
    const responses = readResponses(data.read(Tag.SEQUENCE));
    const responseExtensions = readOptionalExtensions(data, 1);
    data.end();
    return {
      tbsResponseData,
      responderId,
      producedAt,
      responses,
      responseExtensions,
      signatureAlgorithm,
      signature,
      certs,
    };
  });
}

function readCerts(explicit: DerReader): readonly Uint8Array[] {
  const list = explicit.read(Tag.SEQUENCE);
  explicit.end();
  const certs: Uint8Array[] = [];
  while (!list.done) {
    checkCount(certs.length, MAX_OCSP_CERTS, list);
    certs.push(list.readElement(Tag.SEQUENCE));
  }
  return certs;
}

function readResponderId(data: DerReader): BasicOcspResponse['responderId'] {
  const byName = data.readOptional(contextTag(1, true));
  if (byName !== undefined) {
    const name = readName(byName);
    byName.end();
    return { byName: name };
  }
  const byKey = data.read(contextTag(2, true));
  const keyHash = byKey.readOctetString();
  byKey.end();
  return { byKey: keyHash };
}

function readResponses(contents: DerReader): readonly SingleResponse[] {
  const responses: SingleResponse[] = [];
  while (!contents.done) {
    const single = contents.read(Tag.SEQUENCE);
    const certId = readCertId(single);
    const certStatus = readCertStatus(single);
    const thisUpdate = single.readGeneralizedTime();
    const next = single.readOptional(contextTag(0, true));
    const nextUpdate = next?.readGeneralizedTime();
    next?.end();
    const singleExtensions = readOptionalExtensions(single, 1);
    single.end();
    responses.push({ certId, certStatus, thisUpdate, nextUpdate, singleExtensions });
  }
  return responses;
}

function readCertStatus(single: DerReader): CertStatus {
  switch (single.peekTag()) {
    case contextTag(0):
      readImplicitNull(single, contextTag(0));
      return { status: 'good' };
    case contextTag(2):
      readImplicitNull(single, contextTag(2));
      return { status: 'unknown' };
    default: {
      const revoked = single.read(contextTag(1, true));
      const revocationTime = revoked.readGeneralizedTime();
      const explicit = revoked.readOptional(contextTag(0, true));
      const revocationReason = explicit === undefined ? undefined : reasonOfNumber(explicit.readEnumerated());
      if (explicit !== undefined && revocationReason === undefined) throw malformed();
      explicit?.end();
      revoked.end();
      return { status: 'revoked', revocationTime, revocationReason };
    }
  }
}

function readImplicitNull(reader: DerReader, tag: number): void {
  if (reader.readContents(tag).length !== 0) throw malformed();
}

function malformed(): X509Error {
  return new X509Error('OCSP_RESPONSE_MALFORMED');
}
