/** Identifier octets of the universal types that X.509 uses (X.690 8.1.2); SEQUENCE and SET with their constructed bit. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/**
 * Identifier octet of context-specific tag `[n]`, n from 0 to 30. Primitive unless `constructed`; an EXPLICIT tag and an
 * IMPLICIT SEQUENCE or SET are constructed.
 */
export function contextTag(n: number, constructed = false): number {
  if (!Number.isInteger(n) || n < 0 || n > 30) throw new TypeError('a context tag number is 0 to 30');
  return (constructed ? 0xa0 : 0x80) | n;
}
