import { encodeElement, encodeOctetString, encodeSequence, encodeSmallInteger, Tag } from '@touchmark/der';

import { type WorstCase, NAME, ALGORITHM, SIGNATURE, TIME, NOTHING, fill, oid, threeOctets } from './parts.js';

/** CRLs whose signature nobody made. */
export function worstCertificateLists(octets: number): readonly WorstCase[] {
  const room = octets - 300;
  return [
    { name: 'entries', bytes: certificateList(fill(room, emptyEntry)) },
    { name: 'entries with extensions', bytes: certificateList(fill(room, extendedEntry)) },
    {
      name: 'one entry of many extensions',
      bytes: certificateList([
        encodeSequence(
          encodeSmallInteger(1),
          TIME,
          encodeSequence(...fill(room - 40, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING)))),
        ),
      ]),
    },
  ];
}

function emptyEntry(n: number): Uint8Array {
  return encodeSequence(encodeElement(Tag.INTEGER, threeOctets(n)), TIME);
}

function extendedEntry(n: number): Uint8Array {
  const extensions = Array.from({ length: 5 }, (_, i) => encodeSequence(oid(i), encodeOctetString(NOTHING)));
  return encodeSequence(encodeSmallInteger(n), TIME, encodeSequence(...extensions));
}

function certificateList(entries: readonly Uint8Array[]): Uint8Array {
  const tbs = encodeSequence(encodeSmallInteger(1), ALGORITHM, NAME, TIME, TIME, encodeSequence(...entries));
  return encodeSequence(tbs, ALGORITHM, SIGNATURE);
}
