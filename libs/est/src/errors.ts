/** Why the bytes of an EST message were refused. */
export type EstErrorCode =
  | 'BODY_EMPTY'
  | 'BODY_TOO_LARGE'
  | 'BODY_NOT_BASE64'
  | 'BODY_PEM_MALFORMED'
  | 'CERTS_ONLY_MALFORMED'
  | 'CSR_ATTRIBUTES_MALFORMED';

/** The one error of this library. Context holds sizes only, never what the body said. */
export class EstError extends Error {
  readonly code: EstErrorCode;
  readonly context: { readonly length?: number; readonly maxBytes?: number };

  constructor(code: EstErrorCode, context: EstError['context'] = {}, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.name = 'EstError';
    this.code = code;
    this.context = context;
  }
}
