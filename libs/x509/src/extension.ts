import {
  contextTag,
  type DerReader,
  encodeBoolean,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Tag,
} from '@touchmark/der';

import { X509Error } from './error.js';
import { checkCount, MAX_EXTENSIONS } from './limits.js';

/** `critical` and the contents of extnValue, which is the DER of the extension's own type (RFC 5280 4.1). */
export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** By extnID, dotted, in the order of their encoding. */
export type Extensions = ReadonlyMap<string, Extension>;

export const NO_EXTENSIONS: Extensions = new Map();

/**
 * `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`. Throws X509Error EXTENSION_DUPLICATE; an empty SEQUENCE and an encoded
 * DEFAULT FALSE are not DER and throw DerError or EXTENSION_MALFORMED.
 */
export function readExtensions(reader: DerReader): Extensions {
  const list = reader.read(Tag.SEQUENCE);
  const extensions = new Map<string, Extension>();
  do {
    checkCount(extensions.size, MAX_EXTENSIONS, list);
    const extension = list.read(Tag.SEQUENCE);
    const oid = extension.readOid();
    let critical = false;
    if (extension.peekTag() === Tag.BOOLEAN) {
      critical = extension.readBoolean();
      if (!critical) throw new X509Error('EXTENSION_MALFORMED', { oid });
    }
    const value = extension.readOctetString();
    extension.end();
    if (extensions.has(oid)) throw new X509Error('EXTENSION_DUPLICATE', { oid });
    extensions.set(oid, { critical, value });
  } while (!list.done);
  return extensions;
}

/** `[n] EXPLICIT Extensions OPTIONAL`. */
export function readOptionalExtensions(reader: DerReader, n: number): Extensions {
  const explicit = reader.readOptional(contextTag(n, true));
  if (explicit === undefined) return NO_EXTENSIONS;
  const extensions = readExtensions(explicit);
  explicit.end();
  return extensions;
}

/** One Extension; `value` is the DER that goes into extnValue. */
export function encodeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(oid), ...(critical ? [encodeBoolean(true)] : []), encodeOctetString(value));
}
