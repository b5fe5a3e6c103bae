/** What is known about a refusal, by code. Nothing in here is secret, and nothing of it is the applicant's raw bytes. */
export interface IssuanceErrorContext {
  /** Not a PKCS#10 request in strict DER, or larger than we read. */
  CSR_MALFORMED: { readonly octets: number };
  /** The request is not signed by the key that it carries. */
  CSR_SIGNATURE_INVALID: Record<string, never>;
  /** The subject is neither what the profile makes nor, in simpleenroll, empty. */
  CSR_SUBJECT_MISMATCH: Record<string, never>;
  /** The requested subjectAltName is not the one that the profile makes. */
  CSR_SAN_MISMATCH: Record<string, never>;
  /** The request asks for an extension that the profile does not grant; `oid` says which. */
  CSR_EXTENSION_REFUSED: { readonly oid: string };
  /** The key can be broken, or is of a shape that broken generators make. */
  KEY_WEAK: { readonly reason: KeyWeakness };
  /** A kind of key or signature that the profile does not take; `algorithm` names it (an OID where we have no name). */
  KEY_ALGORITHM_REFUSED: { readonly algorithm: string };
  PROFILE_UNKNOWN: { readonly profile: string };
  /** Profile data that does not fit the schema. */
  PROFILE_INVALID: { readonly issues: readonly string[] };
  /** A realm, model, deviceSerial, name or address outside its alphabet; `field` says which. */
  NAME_INVALID: { readonly field: string };
  /** The certificate would not begin before it ends, or not within its issuer's validity. */
  VALIDITY_REFUSED: { readonly notBefore: number; readonly notAfter: number };
  /** The TBS is not what the profile allows; `findings` names each rule that it breaks. Nothing was signed. */
  LINT_FAILED: { readonly findings: readonly string[] };
  /** The signer failed, or gave something that is no signature of its key over what was linted. Nothing was released. */
  SIGNING_FAILED: { readonly stage: 'sign' | 'verify' };
}

export type IssuanceErrorCode = keyof IssuanceErrorContext;

export type KeyWeakness =
  | 'rsa-modulus-size'
  | 'rsa-exponent'
  | 'rsa-small-factor'
  | 'rsa-close-primes'
  | 'rsa-roca'
  | 'small-order-point'
  | 'invalid-point';

/** Everything that libs/issuance refuses. Discriminate by `code`; misuse by our own code is a TypeError instead. */
export class IssuanceError<C extends IssuanceErrorCode = IssuanceErrorCode> extends Error {
  override readonly name = 'IssuanceError';
  readonly code: C;
  readonly context: IssuanceErrorContext[C];

  constructor(code: C, context: IssuanceErrorContext[C], options: { cause?: unknown } = {}) {
    super(code, options);
    this.code = code;
    this.context = context;
  }
}
