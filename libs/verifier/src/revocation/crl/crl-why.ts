/** Why CRLs do not say whether a certificate is revoked: `why` of an unknown finding. */
export type CrlWhy =
  /** There is no CRL of who answers for this certificate. */
  | 'CRL_MISSING'
  /** There are CRLs, but for other certificates (RFC 5280 6.3.3 (b)). */
  | 'CRL_SCOPE'
  /** What there is does not cover all reasons (RFC 5280 6.3.3 (d), (e)). */
  | 'CRL_REASONS'
  /** An indirect CRL, and `indirect` is off. */
  | 'CRL_INDIRECT'
  /** A delta CRL without the complete CRL that it changes. */
  | 'CRL_BASE_MISSING'
  /** Past its nextUpdate, and it does not list the certificate. */
  | 'CRL_STALE'
  /** Its thisUpdate lies ahead. */
  | 'CRL_NOT_YET_VALID'
  /** No certificate of its issuer leads to the trust anchor and may sign CRLs (RFC 5280 6.3.3 (f)). */
  | 'CRL_SIGNER_NOT_AUTHORIZED'
  /** Not signed by any key of its issuer (RFC 5280 6.3.3 (g), (h)). */
  | 'CRL_SIGNATURE_INVALID'
  /** An extension that must not be passed over, on the CRL or on one of its entries, or one that it must have and has not. */
  | 'CRL_CRITICAL_EXTENSION'
  /** Its entries are not what RFC 5280 5.1.2.6 says, or list a serial number twice. */
  | 'CRL_ENTRIES_MALFORMED';

/** Why a CRL was not taken. */
export type CrlRefusal =
  /** No CRL as RFC 5280 section 5 has it. */
  | 'CRL_MALFORMED'
  /** No nextUpdate, and the option `maxAgeWithoutNextUpdate` does not say how long it holds. */
  | 'CRL_NEXT_UPDATE_MISSING'
  /** One of the same issuer's key and scope is known with a higher (cRLNumber, thisUpdate). */
  | 'CRL_OLDER_THAN_KNOWN'
  /** Larger than `maxOctets` all by itself, or there is no room beside those that are proven. */
  | 'CRL_TOO_LARGE';

/** What became of a CRL that was handed in. */
export type CrlAdded =
  /**
   * `verified`: its signature is that of a key which signed an earlier CRL. `pending`: nothing is proven yet; the first question
   * that it may answer will. `known`: it was there already.
   */
  | { readonly ok: true; readonly state: 'verified' | 'pending' | 'known' }
  | { readonly ok: false; readonly why: CrlRefusal };
