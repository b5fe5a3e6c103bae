import { DerError, type DerReader } from '@touchmark/der';

// How many members a list may have. Reading costs a little for each, so that 64 kB of the smallest would cost many times what sound
// octets do. Each is more than what is seen in use; what a deployment needs beyond it is no device's certificate.

/** Attributes of a Name, over all of its RDNs. RFC 5280 4.1.2.4 names a dozen types. */
export const MAX_NAME_ATTRIBUTES = 128;
/** RFC 5280 defines 16 for certificates. */
export const MAX_EXTENSIONS = 128;
/** Names in a subjectAltName. Public CAs stop at 100 or 250. */
export const MAX_GENERAL_NAMES = 1024;
/** Subtrees that name constraints permit, and as many that they exclude. */
export const MAX_SUBTREES = 1024;
/** Names of one and the same thing: a CRL, its issuer, the issuer of a certificate. */
export const MAX_SYNONYMS = 16;
export const MAX_KEY_PURPOSES = 128;
/** Bridge CAs name a dozen. What is bounded here bounds the work of path validation. */
export const MAX_POLICIES = 32;
/** As many as map every one of that many policies to every other. */
export const MAX_POLICY_MAPPINGS = MAX_POLICIES ** 2;
export const MAX_DISTRIBUTION_POINTS = 64;
export const MAX_ACCESS_DESCRIPTIONS = 64;
/** Certificates beside an OCSP response: the responder's, and some above it. */
export const MAX_OCSP_CERTS = 16;
/** Of a certification request, and values of each. */
export const MAX_ATTRIBUTES = 64;

/** Before one more member is read: throws DerError DER_TOO_MANY if there are as many as may be. */
export function checkCount(count: number, most: number, reader: DerReader): void {
  if (count >= most) throw new DerError('DER_TOO_MANY', reader.offset);
}
