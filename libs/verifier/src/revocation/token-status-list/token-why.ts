/** Why a token that is there does not help: `why` of a finding. */
export type TokenWhy =
  /** `exp`, or the end of the signer's certificate, is over. */
  | 'TOKEN_STALE'
  /** `iat` lies ahead by more than the skew. */
  | 'TOKEN_NOT_YET_VALID'
  /** The list ends before this seat. */
  | 'TOKEN_SEAT_BEYOND_LIST'
  /** The seats of all who signed are invalid or suspended. */
  | 'TOKEN_SIGNER_REVOKED'
  /** No fresh token says that the seat of the signer's certificate is valid. */
  | 'TOKEN_SIGNER_STATUS_UNKNOWN';
