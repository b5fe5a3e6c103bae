import { contextTag, DerReader, encodeImplicit, encodeOctetString, encodeSequence, Oid } from '@touchmark/der';

import { X509Error } from '../error.js';
import { MAX_SYNONYMS } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';
import { type GeneralName, readGeneralNames } from './general-name.js';

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly authorityCertIssuer: readonly GeneralName[] | undefined;
  readonly authorityCertSerialNumber: Uint8Array | undefined;
}

/** RFC 5280 4.2.1.1: issuer and serial number come together or not at all. */
export function parseAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const keyIdentifier = contents.peekTag() === contextTag(0) ? contents.readContents(contextTag(0)) : undefined;
        const names = contents.readOptional(contextTag(1, true));
        const authorityCertIssuer = names === undefined ? undefined : readGeneralNames(names, MAX_SYNONYMS);
        const serial = contents.peekTag() === contextTag(2) ? contents.readContents(contextTag(2)) : undefined;
        if ((authorityCertIssuer === undefined) !== (serial === undefined)) {
          throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.authorityKeyIdentifier });
        }
        return { keyIdentifier, authorityCertIssuer, authorityCertSerialNumber: serial };
      }),
    Oid.authorityKeyIdentifier,
  );
}

/** The keyIdentifier form alone, which is what RFC 5280 asks of a CA. */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return encodeSequence(encodeImplicit(0, keyIdentifier));
}

/** RFC 5280 4.2.1.2. */
export function parseSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const reader = new DerReader(value);
      const keyIdentifier = reader.readOctetString();
      reader.end();
      return keyIdentifier;
    },
    Oid.subjectKeyIdentifier,
  );
}

export function encodeSubjectKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return encodeOctetString(keyIdentifier);
}
