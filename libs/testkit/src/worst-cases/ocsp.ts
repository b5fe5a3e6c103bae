import {
  encodeElement,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  Oid,
  Tag,
} from '@touchmark/der';

import { TEST_NOW } from '../test-pki.js';
import { type WorstCase, ALGORITHM, SIGNATURE, NOTHING, fill, oid } from './parts.js';

/** Unsigned requests, about certificates of nobody. */
export function worstOcspRequests(octets: number): readonly WorstCase[] {
  const room = octets - 40;
  return [
    {
      name: 'requests',
      bytes: encodeSequence(encodeSequence(encodeSequence(...fill(room, () => encodeSequence(certId()))))),
    },
    {
      name: 'extensions',
      bytes: encodeSequence(
        encodeSequence(
          encodeSequence(encodeSequence(certId())),
          encodeExplicit(
            2,
            encodeSequence(...fill(room - 40, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING)))),
          ),
        ),
      ),
    },
  ];
}

/** Responses whose signature nobody made. */
export function worstOcspResponses(octets: number): readonly WorstCase[] {
  const room = octets - 250;
  const time = encodeGeneralizedTime(TEST_NOW);
  const single = encodeSequence(certId(), encodeImplicit(0, NOTHING), time);
  const response = (singles: readonly Uint8Array[], certs: readonly Uint8Array[]): Uint8Array => {
    const data = encodeSequence(
      encodeExplicit(2, encodeOctetString(new Uint8Array(20))),
      time,
      encodeSequence(...singles),
    );
    const basic = encodeSequence(data, ALGORITHM, SIGNATURE, encodeExplicit(0, encodeSequence(...certs)));
    return encodeSequence(
      Uint8Array.of(Tag.ENUMERATED, 1, 0),
      encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
    );
  };
  return [
    {
      name: 'single responses',
      bytes: response(
        fill(room, () => single),
        [],
      ),
    },
    {
      name: 'certs',
      bytes: response(
        [single],
        fill(room - 40, () => encodeSequence()),
      ),
    },
  ];
}

function certId(): Uint8Array {
  return encodeSequence(
    encodeSequence(encodeElement(Tag.OID, Uint8Array.of(0x2a))),
    encodeOctetString(NOTHING),
    encodeOctetString(NOTHING),
    encodeSmallInteger(1),
  );
}
