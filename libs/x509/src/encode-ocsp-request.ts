import { encodeExplicit, encodeOctetString, encodeSequence, Oid } from '@touchmark/der';

import { type CertIdContent, encodeCertId } from './cert-id.js';
import { encodeExtension } from './extension.js';

/** Octets of a nonce: RFC 9654 2.1 asks clients for at least 32, and some responders take no more. */
const OCSP_NONCE_OCTETS = 32;

export interface OcspRequestContent {
  /** What is asked about; at least one. */
  readonly requestList: readonly CertIdContent[];
  /** 32 octets of a CSPRNG. Without it the answer may come from a cache. */
  readonly nonce?: Uint8Array;
}

/** An unsigned OCSPRequest (RFC 6960 4.1.1), DER. TypeError for an empty list, or a nonce of another length. */
export function encodeOcspRequest({ requestList, nonce }: OcspRequestContent): Uint8Array {
  if (requestList.length === 0) throw new TypeError('an OCSP request asks about at least one certificate');
  if (nonce !== undefined && nonce.length !== OCSP_NONCE_OCTETS) throw new TypeError('a nonce has 32 octets');
  const requests = requestList.map((content) => encodeSequence(encodeCertId(content)));
  // Nonce ::= OCTET STRING inside extnValue, which is one too.
  const extensions =
    nonce === undefined
      ? []
      : [encodeExplicit(2, encodeSequence(encodeExtension(Oid.ocspNonce, false, encodeOctetString(nonce))))];
  return encodeSequence(encodeSequence(encodeSequence(...requests), ...extensions));
}
