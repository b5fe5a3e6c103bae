import { contextTag, DerError, DerReader, Oid, Tag } from '@touchmark/der';

import { type CertId, readCertId } from './cert-id.js';
import { X509Error } from './error.js';
import { type Extensions, readOptionalExtensions } from './extension.js';
import { parsing, readWhole } from './parsing.js';

/** An OCSP request (RFC 6960 4.1.1). All arrays are views of the bytes that were parsed. */
export interface OcspRequest {
  /** What is asked about, in order; at least one. */
  readonly requestList: readonly CertId[];
  readonly requestExtensions: Extensions;
  /** extnValue contents of the nonce, to be echoed as they are (RFC 9654 2.1). */
  readonly nonce: Uint8Array | undefined;
  /** Octets of the nonce itself, 1 to 128. */
  readonly nonceLength: number | undefined;
  /** Whether an optionalSignature is there; it is not checked, and requestorName not read. */
  readonly signed: boolean;
}

/**
 * Reads an OCSP request. Throws X509Error OCSP_REQUEST_MALFORMED, also for a nonce of no or more than 128 octets (RFC 9654 2.1),
 * and EXTENSION_CRITICAL_UNKNOWN.
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  return parsing('OCSP_REQUEST_MALFORMED', () =>
    readWhole(der, (outer) => {
      const tbsRequest = outer.read(Tag.SEQUENCE);
      const optionalSignature = outer.readOptional(contextTag(0, true));
      optionalSignature?.skip(Tag.SEQUENCE);
      optionalSignature?.end();

      checkVersion(tbsRequest);
      const requestorName = tbsRequest.readOptional(contextTag(1, true));
      requestorName?.skip();
      requestorName?.end();
      const requestList = readRequestList(tbsRequest.read(Tag.SEQUENCE));
      const requestExtensions = readOptionalExtensions(tbsRequest, 2);
      tbsRequest.end();

      refuseCritical(requestExtensions, Oid.ocspNonce);
      const nonce = requestExtensions.get(Oid.ocspNonce)?.value;
      const nonceLength = nonce === undefined ? undefined : lengthOfNonce(nonce);
      if (nonceLength === 0 || (nonceLength ?? 1) > 128) throw new X509Error('OCSP_REQUEST_MALFORMED');
      return { requestList, requestExtensions, nonce, nonceLength, signed: optionalSignature !== undefined };
    }),
  );
}

// version [0] EXPLICIT DEFAULT v1. Clients that encode the default are let through: nothing hangs on it.
function checkVersion(tbsRequest: DerReader): void {
  const version = tbsRequest.readOptional(contextTag(0, true));
  if (version === undefined) return;
  if (version.readSmallInteger() !== 0) throw new X509Error('VERSION_INVALID');
  version.end();
}

function readRequestList(contents: DerReader): readonly CertId[] {
  const requestList: CertId[] = [];
  do {
    const request = contents.read(Tag.SEQUENCE);
    requestList.push(readCertId(request));
    refuseCritical(readOptionalExtensions(request, 0));
    request.end();
  } while (!contents.done);
  return requestList;
}

function refuseCritical(extensions: Extensions, known?: string): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && oid !== known) throw new X509Error('EXTENSION_CRITICAL_UNKNOWN', { oid });
  }
}

// Nonce ::= OCTET STRING inside extnValue; old clients put the bare octets there.
function lengthOfNonce(extnValue: Uint8Array): number {
  try {
    const reader = new DerReader(extnValue);
    const nonce = reader.readOctetString();
    reader.end();
    return nonce.length;
  } catch (error) {
    if (error instanceof DerError) return extnValue.length;
    throw error;
  }
}
