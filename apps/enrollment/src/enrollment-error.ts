import type { CaRefusal, CaRefusalCode } from '@touchmark/ca-port';

/** The context of each code of this process's own. The keys are the closed union of what it refuses by itself. */
export interface EnrollmentErrorContexts {
  MODEL_UNKNOWN: { readonly model: string };
  MODEL_EXISTS: { readonly model: string };
  POLICY_UNKNOWN: { readonly policy: string };
  POLICY_EXISTS: { readonly policy: string };
  /** Another policy has this EST label, or there is a default (one without label) already. */
  LABEL_TAKEN: { readonly label: string | null };
  FACTORY_UNKNOWN: { readonly factory: string };
  FACTORY_EXISTS: { readonly factory: string };
  /** The policy does not allow devices of this model. */
  MODEL_NOT_ALLOWED: { readonly model: string; readonly policy: string };
  /** The policy does not allow this way to enrol the first time. */
  BOOTSTRAP_NOT_ALLOWED: { readonly policy: string; readonly bootstrap: string };
  /** No such batch, or not the caller's: the two are not told apart. */
  BATCH_UNKNOWN: { readonly batch: string };
  DEVICE_UNKNOWN: { readonly deviceRef: string };
  /** The time given lies in the past, or too far ahead. */
  VALID_UNTIL_OUT_OF_RANGE: { readonly validUntil: number; readonly notBefore: number; readonly notAfter: number };
  ENROLLMENT_TOKEN_UNKNOWN: object;
  ACCESS_TOKEN_UNKNOWN: { readonly jti: string };
  /** No certificate, or not an authentic one, where a gateway's is needed; the verifier's code says why. */
  GATEWAY_NOT_AUTHENTIC: { readonly reason: string };
  /** An authentic certificate of the infrastructure CA that is not a gateway's of this realm. */
  GATEWAY_NOT_ALLOWED: object;
  GATEWAY_RATE_LIMITED: object;
  /** A line of a batch stream is not what the contract says; the stream goes on. */
  LINE_MALFORMED: object;
  DEVICE_SERIAL_INVALID: object;
  CSR_NOT_BASE64: object;
  /** The one fault that ends a batch stream: what follows it has no beginning. */
  LINE_TOO_LONG: { readonly limit: number };
}

/** Codes of this process and, as they are, those of the CA. */
export type EnrollmentErrorCode = keyof EnrollmentErrorContexts | CaRefusalCode;

type ContextOf<C extends EnrollmentErrorCode> = C extends keyof EnrollmentErrorContexts
  ? EnrollmentErrorContexts[C]
  : object;

/** Everything that the registration authority refuses. `context` belongs to `code`; nothing in either is secret. */
export class EnrollmentError<C extends EnrollmentErrorCode = EnrollmentErrorCode> extends Error {
  readonly code: C;
  readonly context: ContextOf<C>;

  constructor(code: C, context: ContextOf<C>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EnrollmentError';
    this.code = code;
    this.context = context;
  }

  static is(value: unknown): value is EnrollmentError {
    return value instanceof EnrollmentError;
  }

  /** A CA's refusal of the one item that was asked for. */
  static fromRefusal({ code, detail }: CaRefusal): EnrollmentError<CaRefusalCode> {
    return new EnrollmentError<CaRefusalCode>(code, {}, detail);
  }
}
