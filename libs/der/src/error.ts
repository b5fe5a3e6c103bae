/** Why bytes are not the DER that was asked for. */
export type DerErrorCode =
  /** An element, or its header, runs past the end of its window. */
  | 'DER_TRUNCATED'
  /** Indefinite, non-minimal or absurdly long length. */
  | 'DER_BAD_LENGTH'
  /** A tag number above 30, which nothing in X.509 needs. */
  | 'DER_HIGH_TAG'
  | 'DER_UNEXPECTED_TAG'
  | 'DER_TRAILING_DATA'
  | 'DER_BAD_BOOLEAN'
  /** Empty or padded INTEGER or ENUMERATED. */
  | 'DER_BAD_INTEGER'
  /** A well-formed INTEGER that does not fit where a small one is read. */
  | 'DER_INTEGER_RANGE'
  | 'DER_BAD_BIT_STRING'
  | 'DER_BAD_NULL'
  | 'DER_BAD_OID'
  | 'DER_BAD_TIME'
  /** Octets outside the string type's alphabet, or ill-formed UTF-8. */
  | 'DER_BAD_STRING'
  /** More members in a list than are read; found by who reads the list. */
  | 'DER_TOO_MANY'
  /** Members of a SET OF unsorted or doubled (X.690 11.6); found by who reads the SET. */
  | 'DER_SET_ORDER';

/** Input that is not strict DER (X.690 clause 10, 11). `offset` counts octets from the start of the bytes being read. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly code: DerErrorCode;
  readonly offset: number;

  constructor(code: DerErrorCode, offset: number) {
    super(`${code} at octet ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}
