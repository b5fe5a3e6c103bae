import { rdnKeys } from '@touchmark/x509';

/** A text for a Name (DER): two Names are equal by RFC 5280 7.1 exactly if their texts are. Throws X509Error NAME_MALFORMED. */
export function nameKey(name: Uint8Array): string {
  // A NUL stands inside a key, but never three.
  return rdnKeys(name).join('\0\0\0');
}
