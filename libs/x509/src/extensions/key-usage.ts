import { DerReader, encodeBitString, Oid } from '@touchmark/der';

import { X509Error } from '../error.js';
import { parsing } from '../parsing.js';

/** In the order of their bits (RFC 5280 4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

/** RFC 5280 4.2.1.3: at least one bit. Trailing zero bits are tolerated: deployed CAs write them. */
export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const reader = new DerReader(value);
      const { bytes } = reader.readBitString();
      reader.end();
      const usages = new Set(KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
      if (usages.size === 0) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.keyUsage });
      return usages;
    },
    Oid.keyUsage,
  );
}

/** A named bit list: no trailing zero bits (X.690 11.2.2). TypeError if no usage is given. */
export function encodeKeyUsage(usages: Iterable<KeyUsage>): Uint8Array {
  let bits = 0;
  let last = -1;
  for (const usage of usages) {
    const bit = KEY_USAGES.indexOf(usage);
    bits |= 0x8000 >> bit;
    last = Math.max(last, bit);
  }
  if (last < 0) throw new TypeError('keyUsage needs at least one bit');
  const octets = last < 8 ? Uint8Array.of(bits >> 8) : Uint8Array.of(bits >> 8, bits & 0xff);
  return encodeBitString(octets, 7 - (last & 7));
}
