import { DerError, DerReader, Tag } from '@touchmark/der';

import { X509Error, type X509ErrorCode } from './error.js';

/** Runs a reader; a DerError inside becomes an X509Error of this code, with the DerError as its cause. */
export function parsing<T>(code: X509ErrorCode, read: () => T, oid?: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) throw new X509Error(code, { cause: error, ...(oid === undefined ? {} : { oid }) });
    throw error;
  }
}

/** Reads the one SEQUENCE that the bytes must be, to its end. */
export function readWhole<T>(der: Uint8Array, read: (contents: DerReader) => T): T {
  const outer = new DerReader(der);
  const contents = outer.read(Tag.SEQUENCE);
  outer.end();
  const value = read(contents);
  contents.end();
  return value;
}

/** Same, for an element that is a view of bytes whose end was already checked. */
export function contentsOf(element: Uint8Array): DerReader {
  return new DerReader(element).read(Tag.SEQUENCE);
}
