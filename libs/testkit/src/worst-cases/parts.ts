import { encodeBitString, encodeElement, encodeOid, encodeSequence, encodeTime, Oid, Tag } from '@touchmark/der';
import { encodeName, encodeSignatureAlgorithm } from '@touchmark/x509';

import { TEST_NOW } from '../test-pki.js';

/** An input made to cost as much as its octets can. */
export interface WorstCase {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export const NAME = encodeName([{ type: Oid.commonName, value: 'hostile' }]);
export const ALGORITHM = encodeSignatureAlgorithm('ecdsaWithSHA256');
export const SIGNATURE = encodeBitString(new Uint8Array(64));
export const KEY = encodeSequence(
  encodeSequence(encodeOid(Oid.ecPublicKey), encodeOid(Oid.prime256v1)),
  encodeBitString(Uint8Array.of(4, ...new Uint8Array(64))),
);
export const TIME = encodeTime(TEST_NOW);
export const NOTHING = new Uint8Array(0);

export function list(member: (n: number) => Uint8Array): (octets: number) => Uint8Array {
  return (octets) => encodeSequence(...fill(octets, member));
}

// Members until the octets are used up.
export function fill(octets: number, member: (n: number) => Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = [];
  for (let left = octets, n = 0; ; n++) {
    const next = member(n);
    left -= next.length;
    if (left < 0) return members;
    members.push(next);
  }
}

// Another for each number below 2^21, in three octets.
export function oid(n: number): Uint8Array {
  return encodeElement(Tag.OID, Uint8Array.of(0x2a, 0x81 + (n >> 14), 0x80 | ((n >> 7) & 0x7f), n & 0x7f));
}

// One arc, far longer than is read.
export function longOid(): Uint8Array {
  return new Uint8Array(256).fill(0xff).with(255, 0x7f);
}

export function threeOctets(n: number): Uint8Array {
  return Uint8Array.of(0x41 + (n >> 12), 0x30 + ((n >> 6) & 0x3f), 0x30 + (n & 0x3f));
}

export function attribute(value: Uint8Array): Uint8Array {
  return encodeSequence(encodeElement(Tag.OID, Uint8Array.of(0x2a)), value);
}

export function text(tag: number, octets: number): Uint8Array {
  return encodeElement(tag, new Uint8Array(octets).fill(0x61));
}
