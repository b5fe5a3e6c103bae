import {
  encodeBitString,
  encodeElement,
  encodeExplicit,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  Oid,
  Tag,
} from '@touchmark/der';
import { encodeExtension } from '@touchmark/x509';

import { worstExtensionValues } from './extension-values.js';
import { worstNames } from './names.js';
import { type WorstCase, NAME, ALGORITHM, SIGNATURE, KEY, TIME, NOTHING, fill, oid } from './parts.js';

/** Certificates whose signature nobody made, named and issued by one who has no other certificate. */
export function worstCertificates(octets: number): readonly WorstCase[] {
  const room = octets - 400;
  return [
    ...worstNames(room).map(({ name, bytes }) => ({
      name: `subject: ${name}`,
      bytes: certificate({ subject: bytes }),
    })),
    ...worstNames(room / 2).map(({ name, bytes }) => ({
      name: `issuer and subject: ${name}`,
      bytes: certificate({ issuer: bytes, subject: bytes }),
    })),
    {
      name: 'extensions',
      bytes: certificate({ extensions: fill(room, (n) => encodeSequence(oid(n), encodeOctetString(NOTHING))) }),
    },
    ...worstExtensionValues(room).map(({ name, oid: id, bytes }) => ({
      name: `${id}: ${name}`,
      bytes: certificate({ extensions: [encodeExtension(id, false, bytes)] }),
    })),
    { name: 'a long serial number', bytes: certificate({ serialNumber: new Uint8Array(room).fill(0x55) }) },
    {
      name: 'a large RSA modulus',
      bytes: certificate({ key: rsaKey(new Uint8Array(room - 24).fill(0x55), Uint8Array.of(3)) }),
    },
    {
      name: 'a large RSA exponent',
      bytes: certificate({ key: rsaKey(Uint8Array.of(5), new Uint8Array(room - 24).fill(0x55)) }),
    },
    {
      name: 'nested SEQUENCEs',
      bytes: certificate({ extensions: [encodeExtension('1.2.3', false, nested(room - 20))] }),
    },
    { name: 'nothing but SEQUENCEs', bytes: nested(octets) },
  ];
}

interface CertificateParts {
  readonly serialNumber?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly key?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

function certificate(parts: CertificateParts): Uint8Array {
  const tbsCertificate = encodeSequence(
    encodeExplicit(0, encodeSmallInteger(2)),
    encodeInteger(parts.serialNumber ?? Uint8Array.of(1)),
    ALGORITHM,
    parts.issuer ?? NAME,
    encodeSequence(TIME, TIME),
    parts.subject ?? NAME,
    parts.key ?? KEY,
    ...(parts.extensions === undefined ? [] : [encodeExplicit(3, encodeSequence(...parts.extensions))]),
  );
  return encodeSequence(tbsCertificate, ALGORITHM, SIGNATURE);
}

function rsaKey(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return encodeSequence(
    encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()),
    encodeBitString(encodeSequence(encodeInteger(modulus), encodeInteger(exponent))),
  );
}

function nested(octets: number): Uint8Array {
  let element = encodeSequence();
  const levels: number[] = [];
  for (let length = element.length; ;) {
    const header = length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
    if (length + header > octets) break;
    levels.push(length);
    length += header;
  }
  const headers = levels
    .toReversed()
    .map((length) =>
      encodeElement(Tag.SEQUENCE, new Uint8Array(length)).subarray(0, length < 0x80 ? 2 : length < 0x100 ? 3 : 4),
    );
  element = new Uint8Array(Buffer.concat([...headers, element]));
  return element;
}
