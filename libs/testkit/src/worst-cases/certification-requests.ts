import {
  encodeElement,
  encodeExplicit,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  Oid,
  Tag,
} from '@touchmark/der';

import { type WorstCase, NAME, ALGORITHM, SIGNATURE, KEY, NOTHING, fill, oid, text } from './parts.js';

/** Requests whose signature nobody made. */
export function worstCertificationRequests(octets: number): readonly WorstCase[] {
  const room = octets - 300;
  return [
    {
      name: 'attributes',
      bytes: certificationRequest(...fill(room, (n) => encodeSequence(oid(n), encodeSetOf([encodeNull()])))),
    },
    {
      name: 'values of one attribute',
      bytes: certificationRequest(encodeSequence(oid(1), encodeElement(Tag.SET, ...fill(room, encodeNull)))),
    },
    {
      name: 'requested extensions',
      bytes: certificationRequest(
        encodeSequence(
          encodeOid(Oid.extensionRequest),
          encodeSetOf([encodeSequence(...fill(room, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING))))]),
        ),
      ),
    },
    {
      name: 'a long challengePassword',
      bytes: certificationRequest(
        encodeSequence(encodeOid(Oid.challengePassword), encodeSetOf([text(Tag.PRINTABLE_STRING, room)])),
      ),
    },
  ];
}

function certificationRequest(...attributes: Uint8Array[]): Uint8Array {
  const info = encodeSequence(encodeSmallInteger(0), NAME, KEY, encodeExplicit(0, ...attributes));
  return encodeSequence(info, ALGORITHM, SIGNATURE);
}
