/** Why bytes are not the X.509 object they were read as, or cannot be used as one. */
export type X509ErrorCode =
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATION_REQUEST_MALFORMED'
  | 'CERTIFICATE_LIST_MALFORMED'
  | 'OCSP_REQUEST_MALFORMED'
  | 'OCSP_RESPONSE_MALFORMED'
  | 'SUBJECT_PUBLIC_KEY_INFO_MALFORMED'
  | 'NAME_MALFORMED'
  /** An attribute that must be single stands in a name more than once. */
  | 'NAME_AMBIGUOUS'
  /** `oid` says which extension. */
  | 'EXTENSION_MALFORMED'
  /** Two extensions with the same extnID (RFC 5280 4.2); `oid` says which. */
  | 'EXTENSION_DUPLICATE'
  /** An extension marked critical that the reader must not pass over; `oid` says which. */
  | 'EXTENSION_CRITICAL_UNKNOWN'
  /** Extensions outside v3, or a version that does not exist. */
  | 'VERSION_INVALID'
  /** Not a positive INTEGER of 1 to 20 octets (RFC 5280 4.1.2.2); a CertID may ask about one of 32. */
  | 'SERIAL_NUMBER_INVALID'
  /** The AlgorithmIdentifier inside the signed part is not the outer one, octet by octet (RFC 5280 4.1.1.2). */
  | 'SIGNATURE_ALGORITHM_MISMATCH'
  /** A signature algorithm that we never accept, SHA-1 and MD5 among them; `oid` says which, `floor` what it falls short of. */
  | 'SIGNATURE_ALGORITHM_UNSUPPORTED'
  /** The signature algorithm is not one for a key of this kind. */
  | 'SIGNATURE_ALGORITHM_KEY_MISMATCH'
  /** A key of a kind that we never accept; `oid` says which, `floor` what it falls short of. */
  | 'KEY_UNSUPPORTED'
  /** A key of a kind that we accept with a size or parameters outside of policy; `floor` says what it falls short of. */
  | 'KEY_WEAK'
  /** An algorithm that we accept and this runtime's OpenSSL lacks; `oid` says which. */
  | 'ALGORITHM_UNSUPPORTED'
  | 'PEM_MALFORMED';

/** The rule that a key or an algorithm falls short of. */
export type Floor =
  | 'RSA 2048 bits'
  | 'RSA at most 8192 bits'
  | 'RSA whole octets'
  | 'RSA exponent 65537'
  | 'RSA exponent odd, of at most 32 bits'
  | 'P-256'
  | 'SHA-256'
  /** RSASSA-PSS: MGF1 with the hash of the message, and a salt as long as that (RFC 8017 9.1 names this length typical). */
  | 'MGF1 and salt of the hash'
  /** The algorithm is not one for the issuer's key, or not one that the key is restricted to. */
  | 'algorithm of the key'
  /** Nothing is known of the algorithm; anything that is not on our list. */
  | 'listed algorithm';

/** What X.509 readers and `verifySignature` throw; a DerError that led to it is its `cause`. */
export class X509Error extends Error {
  override readonly name = 'X509Error';
  readonly code: X509ErrorCode;
  /** The extension or algorithm concerned, dotted. */
  readonly oid: string | undefined;
  /** What a refused key or algorithm falls short of. */
  readonly floor: Floor | undefined;

  constructor(code: X509ErrorCode, context: { oid?: string; floor?: Floor; cause?: unknown } = {}) {
    super(context.oid === undefined ? code : `${code} (${context.oid})`, { cause: context.cause });
    this.code = code;
    this.oid = context.oid;
    this.floor = context.floor;
  }
}
