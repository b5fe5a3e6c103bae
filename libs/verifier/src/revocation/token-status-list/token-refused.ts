/** Why a Status List Token was not taken. */
export type TokenRefusal =
  /** More characters than a full list needs. */
  | 'TOKEN_TOO_LARGE'
  /** No JWT in compact form: three parts of base64url without padding, the first two JSON objects in UTF-8. */
  | 'TOKEN_MALFORMED'
  /** Another `alg` than ES256, another `typ` than `statuslist+jwt`, a `crit`, or no certificate in `x5c`. */
  | 'TOKEN_HEADER_REFUSED'
  /** The certificate in `x5c` is no status key of this realm, or none of the named CAs has issued it. */
  | 'TOKEN_SIGNER_NOT_AUTHORIZED'
  /** The seat of the signer's certificate is known to be invalid or suspended. */
  | 'TOKEN_SIGNER_REVOKED'
  | 'TOKEN_SIGNATURE_INVALID'
  /** `sub` is no list of this service, or `iat`, `exp`, `ttl` and `status_list` are not as they should be: `iat` after the signer's certificate. */
  | 'TOKEN_CLAIMS_REFUSED'
  /** `lst` is no zlib stream of values from 0 to 2 for at most 2^20 seats. */
  | 'TOKEN_LIST_REFUSED'
  /** One of the same signer is kept that says more, or is younger. */
  | 'TOKEN_OLDER_THAN_KNOWN'
  /** As many lists as the source keeps. */
  | 'TOKEN_TOO_MANY_LISTS';

/** Thrown inside this folder; `add` answers it. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly why: TokenRefusal;

  constructor(why: TokenRefusal, cause?: unknown) {
    super(why, { cause });
    this.why = why;
  }
}
