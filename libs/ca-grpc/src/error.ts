/** What can go wrong between a process and the CA besides that it is away or refuses the call. */
export type CaGrpcErrorCode =
  /** The message does not say what it must. */
  | 'MESSAGE_MALFORMED'
  /** The CA answered that it failed, or with a status that it does not give. Nothing is known of the outcome. */
  | 'CALL_FAILED'
  /** A request or an answer is larger than a message may be. */
  | 'MESSAGE_TOO_LARGE'
  /** The client's certificate does not count: not ours, not a caller's, expired, revoked, or its status is not known. */
  | 'CALLER_NOT_ACCEPTED'
  /** The caller has as many connections or calls open as it may. */
  | 'CALLER_OVER_LIMIT'
  /** The server's certificate is not the CA's. Seen as the cause of a CaUnavailableError. */
  | 'SERVER_NOT_ACCEPTED';

/** The one error of this library. `reason` names a field, a gRPC status or a code of the verifier. */
export class CaGrpcError extends Error {
  readonly code: CaGrpcErrorCode;
  readonly context: { readonly reason: string };

  constructor(code: CaGrpcErrorCode, reason: string, cause?: unknown) {
    super(`${code} ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'CaGrpcError';
    this.code = code;
    this.context = { reason };
  }
}
