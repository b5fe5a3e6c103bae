import { createECDH } from 'node:crypto';

import {
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  Oid,
} from '@touchmark/der';
import { fixedKey, seededRandom } from '@touchmark/testkit';

// The corpus must be the same octets in every run, or a seed would say nothing: `fixedKey` signs without randomness, and these are
// there to be read, not to sign.

const CURVES = [
  { curve: 'prime256v1', oid: Oid.prime256v1 },
  { curve: 'secp384r1', oid: Oid.secp384r1 },
  { curve: 'secp521r1', oid: Oid.secp521r1 },
] as const;

/** SubjectPublicKeyInfo, DER, of the named curves, RSA, RSASSA-PSS and an algorithm that nobody knows. */
export function fixedPublicKeys(): readonly Uint8Array[] {
  return [
    ...CURVES.map(({ curve, oid }) => ecPublicKey(curve, oid)),
    encodeSequence(encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()), encodeBitString(rsaPublicKey(2048))),
    encodeSequence(encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull()), encodeBitString(rsaPublicKey(4096))),
    encodeSequence(encodeSequence(encodeOid(Oid.rsassaPss)), encodeBitString(rsaPublicKey(2048))),
    fixedKey(9).subjectPublicKeyInfo,
    encodeSequence(encodeSequence(encodeOid('1.2.3.4')), encodeBitString(new Uint8Array(32))),
  ];
}

function ecPublicKey(curve: string, oid: string): Uint8Array {
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(Buffer.alloc(32, 7));
  return encodeSequence(
    encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(oid)),
    encodeBitString(new Uint8Array(ecdh.getPublicKey())),
  );
}

// An odd number of the right size: nobody asks for its factors.
function rsaPublicKey(bits: number): Uint8Array {
  const random = seededRandom(bits);
  const modulus = Uint8Array.from({ length: bits / 8 }, () => Math.floor(random() * 256));
  modulus[0] = 0xc5;
  modulus[modulus.length - 1] = 0x21;
  return encodeSequence(encodeInteger(modulus), encodeSmallInteger(65_537));
}
