import {
  DerReader,
  encodeEnumerated,
  encodeGeneralizedTime,
  encodeInteger,
  encodeNull,
  fromHex,
  Oid,
  toHex,
} from '@touchmark/der';

import { X509Error } from '../error.js';
import { MAX_SYNONYMS } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';
import { type GeneralName, readGeneralNames } from './general-name.js';

/** CRLReason by number (RFC 5280 5.3.1); 7 is not used. */
const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

export type ReasonCode = Exclude<(typeof REASONS)[number], undefined>;

/** The reason's name; undefined for a number that RFC 5280 does not assign. */
export function reasonOfNumber(n: number): ReasonCode | undefined {
  return REASONS[n];
}

/** RFC 5280 5.3.1. */
export function parseReasonCode(value: Uint8Array): ReasonCode {
  const n = readOne(value, Oid.reasonCode, (reader) => reader.readEnumerated());
  const reason = reasonOfNumber(n);
  if (reason === undefined) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.reasonCode });
  return reason;
}

/** Leave the extension out instead of encoding `unspecified` (RFC 5280 5.3.1). */
export function encodeReasonCode(reason: ReasonCode): Uint8Array {
  return encodeEnumerated(REASONS.indexOf(reason));
}

/** When the key is believed to have been compromised, UTC seconds (RFC 5280 5.3.2). */
export function parseInvalidityDate(value: Uint8Array): number {
  return readOne(value, Oid.invalidityDate, (reader) => reader.readGeneralizedTime());
}

export function encodeInvalidityDate(seconds: number): Uint8Array {
  return encodeGeneralizedTime(seconds);
}

/** RFC 5280 5.2.3: not negative, at most 20 octets. */
export function parseCRLNumber(value: Uint8Array): bigint {
  return readNumber(value, Oid.cRLNumber);
}

/** deltaCRLIndicator: the cRLNumber of the complete CRL that a delta CRL goes on from, and of later ones (RFC 5280 5.2.4). */
export function parseBaseCRLNumber(value: Uint8Array): bigint {
  return readNumber(value, Oid.deltaCRLIndicator);
}

/** certificateIssuer of an entry in an indirect CRL: who issued the certificate (RFC 5280 5.3.3). */
export function parseCertificateIssuer(value: Uint8Array): readonly GeneralName[] {
  return parsing(
    'EXTENSION_MALFORMED',
    () => readWhole(value, (contents) => readGeneralNames(contents, MAX_SYNONYMS)),
    Oid.certificateIssuer,
  );
}

export function encodeCRLNumber(n: bigint): Uint8Array {
  if (n < 0n || n >= 1n << 159n) throw new TypeError('cRLNumber is 0 to 2^159 - 1');
  const hex = n.toString(16);
  return encodeInteger(fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}

/** id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1): its value is NULL. */
export function encodeOcspNocheck(): Uint8Array {
  return encodeNull();
}

function readNumber(value: Uint8Array, oid: string): bigint {
  const contents = readOne(value, oid, (reader) => reader.readInteger());
  if (contents.length > 20 || (contents[0] ?? 0) > 0x7f) throw new X509Error('EXTENSION_MALFORMED', { oid });
  return BigInt(`0x${toHex(contents)}`);
}

function readOne<T>(value: Uint8Array, oid: string, read: (reader: DerReader) => T): T {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const reader = new DerReader(value);
      const result = read(reader);
      reader.end();
      return result;
    },
    oid,
  );
}
