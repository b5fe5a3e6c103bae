import { DerReader, encodeNull, Oid } from '@touchmark/der';

import { parsing } from '../parsing.js';

/** RFC 9608 2: the value is NULL; what counts is that it is there. Always true, or throws X509Error EXTENSION_MALFORMED. */
export function parseNoRevAvail(value: Uint8Array): true {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const reader = new DerReader(value);
      reader.readNull();
      reader.end();
      return true;
    },
    Oid.noRevAvail,
  );
}

export function encodeNoRevAvail(): Uint8Array {
  return encodeNull();
}
