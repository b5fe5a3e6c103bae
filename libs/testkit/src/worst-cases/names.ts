import { encodeElement, encodeNull, encodeSequence, encodeSetOf, Tag } from '@touchmark/der';

import { type WorstCase, fill, longOid, threeOctets, attribute, text } from './parts.js';

/** Contents that fill this many octets, of the smallest or otherwise most expensive members. */
const FILLINGS: Readonly<Record<string, (octets: number) => Uint8Array[]>> = {
  'relative distinguished names': (octets) => fill(octets, () => encodeSetOf([attribute(encodeNull())])),
  'attributes in one SET': (octets) => [
    encodeSetOf(fill(octets - 8, (n) => attribute(encodeElement(Tag.UTF8_STRING, threeOctets(n))))),
  ],
  'a long UTF8String': (octets) => [encodeSetOf([attribute(text(Tag.UTF8_STRING, octets - 24))])],
  'a long PrintableString': (octets) => [encodeSetOf([attribute(text(Tag.PRINTABLE_STRING, octets - 24))])],
  // Each mark sorts before all that stand before it: normalization sorts.
  'combining marks in descending order': (octets) => [
    encodeSetOf([attribute(encodeElement(Tag.UTF8_STRING, Buffer.from(`a${marks((octets - 24) / 2)}`)))]),
  ],
  'letters that normalize to eighteen': (octets) => [
    encodeSetOf([attribute(encodeElement(Tag.UTF8_STRING, Buffer.from('\ufdfa'.repeat((octets - 24) / 3))))]),
  ],
  'long object identifiers in a name': (octets) =>
    fill(octets, () => encodeSetOf([encodeSequence(encodeElement(Tag.OID, longOid()), encodeNull())])),
};

/** Names (DER) to be read and compared. */
export function worstNames(octets: number): readonly WorstCase[] {
  return Object.entries(FILLINGS).map(([name, fillName]) => ({ name, bytes: encodeSequence(...fillName(octets - 8)) }));
}

// U+0315 is of class 232, U+0327 of class 202.
function marks(n: number): string {
  return '\u0315'.repeat(n / 2) + '\u0327'.repeat(n / 2);
}
