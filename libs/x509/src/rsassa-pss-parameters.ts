import {
  contextTag,
  DerError,
  DerReader,
  encodeExplicit,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  Oid,
  Tag,
} from '@touchmark/der';

import { readWhole } from './parsing.js';

/** RSASSA-PSS-params (RFC 4055 3.1) with MGF1 and trailerField 1, which are the only ones that there are. */
export interface RsassaPssParameters {
  /** Dotted OIDs. */
  readonly hashAlgorithm: string;
  readonly mgf1Hash: string;
  /** Octets. Of a key: the fewest that a signature may have. */
  readonly saltLength: number;
}

const DEFAULT_SALT_LENGTH = 20;

/** Reads the parameters of id-RSASSA-PSS; throws DerError. A value that is the DEFAULT must be left out (X.690 11.5). */
export function parseRsassaPssParameters(der: Uint8Array): RsassaPssParameters {
  return readWhole(der, (contents) => {
    const hashAlgorithm = explicit(contents, 0, readHash) ?? Oid.sha1;
    const mgf1Hash = explicit(contents, 1, readMgf1) ?? Oid.sha1;
    const saltLength = explicit(contents, 2, readSaltLength) ?? DEFAULT_SALT_LENGTH;
    // trailerField can say nothing but its DEFAULT, so whatever follows here is wrong.
    return { hashAlgorithm, mgf1Hash, saltLength };
  });
}

/** The parameters with one hash for message and mask, NULL beside it as RFC 4055 2.1 has it, and a salt as long as it is. */
export function encodeRsassaPssParameters(hash: string, saltLength: number): Uint8Array {
  const algorithm = encodeSequence(encodeOid(hash), encodeNull());
  return encodeSequence(
    encodeExplicit(0, algorithm),
    encodeExplicit(1, encodeSequence(encodeOid(Oid.mgf1), algorithm)),
    encodeExplicit(2, encodeSmallInteger(saltLength)),
  );
}

function explicit<T>(contents: DerReader, number: number, read: (inside: DerReader) => T): T | undefined {
  const inside = contents.readOptional(contextTag(number, true));
  if (inside === undefined) return undefined;
  const value = read(inside);
  inside.end();
  return value;
}

// RFC 4055 2.1: NULL and no parameters are the same.
function readHash(reader: DerReader): string {
  const algorithm = reader.read(Tag.SEQUENCE);
  const oid = algorithm.readOid();
  if (!algorithm.done) algorithm.readNull();
  algorithm.end();
  return oid;
}

function readMgf1(reader: DerReader): string {
  const at = reader.offset;
  const algorithm = reader.read(Tag.SEQUENCE);
  if (algorithm.readOid() !== Oid.mgf1) throw new DerError('DER_BAD_OID', at);
  const hash = readHash(algorithm);
  algorithm.end();
  return hash;
}

function readSaltLength(reader: DerReader): number {
  const at = reader.offset;
  const saltLength = reader.readSmallInteger();
  if (saltLength === DEFAULT_SALT_LENGTH) throw new DerError('DER_INTEGER_RANGE', at);
  return saltLength;
}
