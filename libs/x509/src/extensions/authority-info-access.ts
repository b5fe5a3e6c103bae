import { encodeOid, encodeSequence, Oid, Tag } from '@touchmark/der';

import { checkCount, MAX_ACCESS_DESCRIPTIONS } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';
import { encodeGeneralName, readGeneralName } from './general-name.js';

/** URIs by access method, in order. Other methods and other kinds of location are passed over. */
export interface AuthorityInfoAccess {
  readonly ocsp: readonly string[];
  readonly caIssuers: readonly string[];
}

/** RFC 5280 4.2.2.1. */
export function parseAuthorityInfoAccess(value: Uint8Array): AuthorityInfoAccess {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const ocsp: string[] = [];
        const caIssuers: string[] = [];
        for (let count = 0; !contents.done || count === 0; count++) {
          checkCount(count, MAX_ACCESS_DESCRIPTIONS, contents);
          const description = contents.read(Tag.SEQUENCE);
          const method = description.readOid();
          const location = readGeneralName(description);
          description.end();
          if (location.kind !== 'uniformResourceIdentifier') continue;
          if (method === Oid.ocsp) ocsp.push(location.value);
          else if (method === Oid.caIssuers) caIssuers.push(location.value);
        }
        return { ocsp, caIssuers };
      }),
    Oid.authorityInfoAccess,
  );
}

export function encodeAuthorityInfoAccess(access: {
  ocsp?: readonly string[];
  caIssuers?: readonly string[];
}): Uint8Array {
  const descriptions = [
    ...(access.ocsp ?? []).map((uri) => encodeAccessDescription(Oid.ocsp, uri)),
    ...(access.caIssuers ?? []).map((uri) => encodeAccessDescription(Oid.caIssuers, uri)),
  ];
  if (descriptions.length === 0) throw new TypeError('authorityInfoAccess needs at least one URI');
  return encodeSequence(...descriptions);
}

function encodeAccessDescription(method: string, uri: string): Uint8Array {
  return encodeSequence(encodeOid(method), encodeGeneralName({ kind: 'uniformResourceIdentifier', value: uri }));
}
