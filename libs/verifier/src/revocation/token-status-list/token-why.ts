/** Why a Status List Token was not taken. */
export type TokenRefusal =
  /** More characters than a full list needs. */
  | 'too-large'
  /** No JWT in compact form: three parts of base64url without padding, the first two JSON objects in UTF-8. */
  | 'malformed'
  /** Another `alg` than ES256, another `typ` than `statuslist+jwt`, a `crit`, or no certificate in `x5c`. */
  | 'header-refused'
  /** The certificate in `x5c` is no status key of this realm, or none of the named CAs has issued it. */
  | 'signer-refused'
  | 'signature-invalid'
  /** `sub` is no list of this service, or `iat`, `exp`, `ttl` and `status_list` are not as they should be. */
  | 'claims-refused'
  /** `lst` is no zlib stream of values from 0 to 2 for at most 2^20 seats. */
  | 'list-refused'
  /** The one that is kept says more, or is younger. */
  | 'older-than-known'
  /** As many lists as the source keeps. */
  | 'too-many-lists';

/** Why a token that is there does not help: `why` of a finding. */
export type TokenWhy =
  /** `exp`, or the end of the signer's certificate, is over. */
  | 'too-old'
  /** `iat` lies ahead by more than the skew. */
  | 'not-yet'
  /** The list ends before this seat. */
  | 'seat-beyond-list'
  /** The seat of the signer's certificate is invalid or suspended. */
  | 'signer-revoked'
  /** No fresh token says that the seat of the signer's certificate is valid. */
  | 'signer-status-unknown';
