import { encodeOid, encodeSequence, Oid } from '@touchmark/der';

import { X509Error } from '../error.js';
import { checkCount, MAX_KEY_PURPOSES } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';

/** KeyPurposeIds, dotted (RFC 5280 4.2.1.12); at least one. */
export function parseExtKeyUsage(value: Uint8Array): ReadonlySet<string> {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const purposes = new Set<string>();
        while (!contents.done) {
          checkCount(purposes.size, MAX_KEY_PURPOSES, contents);
          purposes.add(contents.readOid());
        }
        if (purposes.size === 0) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.extKeyUsage });
        return purposes;
      }),
    Oid.extKeyUsage,
  );
}

export function encodeExtKeyUsage(purposes: readonly string[]): Uint8Array {
  if (purposes.length === 0) throw new TypeError('extKeyUsage needs at least one purpose');
  return encodeSequence(...purposes.map(encodeOid));
}
