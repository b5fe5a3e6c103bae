import { encodeSequence, Oid } from '@touchmark/der';

import { X509Error } from '../error.js';
import { parsing, readWhole } from '../parsing.js';
import { encodeGeneralName, type EncodableName, type GeneralName, readGeneralNames } from './general-name.js';

/** RFC 5280 4.2.1.6: at least one name; an iPAddress has 4 or 16 octets. */
export function parseSubjectAltName(value: Uint8Array): readonly GeneralName[] {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const names = readWhole(value, (contents) => readGeneralNames(contents));
      const badAddress = names.some(
        (name) => name.kind === 'iPAddress' && name.value.length !== 4 && name.value.length !== 16,
      );
      if (badAddress) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.subjectAltName });
      return names;
    },
    Oid.subjectAltName,
  );
}

export function encodeSubjectAltName(names: readonly EncodableName[]): Uint8Array {
  if (names.length === 0) throw new TypeError('subjectAltName needs at least one name');
  return encodeSequence(...names.map(encodeGeneralName));
}
