import { DerError, DerReader, equalBytes, Oid, Tag } from '@touchmark/der';

import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import { type Extensions, readExtensions, readOptionalExtensions } from './extension.js';
import {
  parseCertificateIssuer,
  parseInvalidityDate,
  parseReasonCode,
  type ReasonCode,
} from './extensions/crl-extensions.js';
import type { GeneralName } from './extensions/general-name.js';
import { isEmptyName, readName } from './name.js';
import { contentsOf, parsing, readWhole } from './parsing.js';
import { readSignature } from './signature-value.js';

/** One entry of revokedCertificates (RFC 5280 5.1.2.6). */
export interface RevokedCertificate {
  /** INTEGER content octets. */
  readonly serialNumber: Uint8Array;
  /** UTC seconds. */
  readonly revocationDate: number;
  /** Absent means unspecified. */
  readonly reasonCode: ReasonCode | undefined;
  /** UTC seconds. */
  readonly invalidityDate: number | undefined;
  /** In an indirect CRL: who issued this certificate, and those of the entries after it that do not say (RFC 5280 5.3.3). */
  readonly certificateIssuer: readonly GeneralName[] | undefined;
}

/** A CRL as its octets say (RFC 5280 5.1). All arrays are views of the bytes that were parsed. */
export interface CertificateList {
  readonly der: Uint8Array;
  /** The signed part, whole element. */
  readonly tbsCertList: Uint8Array;
  readonly version: 1 | 2;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** DER of the Name, never empty. */
  readonly issuer: Uint8Array;
  /** UTC seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** Contents of revokedCertificates, for `revokedCertificates` and `findRevoked`; undefined if the list is empty. */
  readonly entries: Uint8Array | undefined;
  readonly extensions: Extensions;
  readonly signature: Uint8Array;
}

/**
 * Reads everything of a CRL but its entries, whatever their number: those are walked by `revokedCertificates` and
 * `findRevoked`, which throw on entries that are malformed. Strict: thisUpdate and nextUpdate are UTCTime until 2050 (RFC 5280
 * 5.1.2.4, 5.1.2.5). Throws X509Error.
 */
export function parseCertificateList(der: Uint8Array): CertificateList {
  return parsing('CERTIFICATE_LIST_MALFORMED', () =>
    readWhole(der, (outer) => {
      const tbsCertList = outer.readElement(Tag.SEQUENCE);
      const signatureAlgorithm = readAlgorithmIdentifier(outer);
      const signature = readSignature(outer);

      const tbs = contentsOf(tbsCertList);
      const version = readVersion(tbs);
      if (!equalBytes(tbs.readElement(Tag.SEQUENCE), signatureAlgorithm.der)) {
        throw new X509Error('SIGNATURE_ALGORITHM_MISMATCH');
      }
      const issuer = readName(tbs);
      if (isEmptyName(issuer)) throw new X509Error('NAME_MALFORMED');
      const thisUpdate = readUpdate(tbs);
      const nextUpdate = isTime(tbs.peekTag()) ? readUpdate(tbs) : undefined;
      const entries = tbs.peekTag() === Tag.SEQUENCE ? tbs.readContents(Tag.SEQUENCE) : undefined;
      // An empty list is left out (RFC 5280 5.1.2.6).
      if (entries?.length === 0) throw new X509Error('CERTIFICATE_LIST_MALFORMED');
      const extensions = readOptionalExtensions(tbs, 0);
      if (extensions.size > 0 && version !== 2) throw new X509Error('VERSION_INVALID');
      tbs.end();

      return {
        der,
        tbsCertList,
        version,
        signatureAlgorithm,
        issuer,
        thisUpdate,
        nextUpdate,
        entries,
        extensions,
        signature,
      };
    }),
  );
}

/**
 * All entries, one at a time: nothing is kept. Throws X509Error CERTIFICATE_LIST_MALFORMED, or EXTENSION_CRITICAL_UNKNOWN for
 * an entry extension that must not be passed over, certificateIssuer of indirect CRLs among them.
 */
export function* revokedCertificates(list: CertificateList): Generator<RevokedCertificate, void, undefined> {
  if (list.entries === undefined) return;
  const reader = new DerReader(list.entries);
  while (!reader.done) {
    yield parsing('CERTIFICATE_LIST_MALFORMED', () => readDirectEntry(reader.read(Tag.SEQUENCE), list.version));
  }
}

/**
 * One entry, from its whole element. For who knows what certificateIssuer means; any other unknown critical extension throws
 * X509Error EXTENSION_CRITICAL_UNKNOWN.
 */
export function parseRevokedCertificate(element: Uint8Array, version: 1 | 2): RevokedCertificate {
  return parsing('CERTIFICATE_LIST_MALFORMED', () => readEntry(contentsOf(element), version));
}

/** The entry of this serial number (INTEGER content octets), or undefined. Walks the list; reads only the entry found. */
export function findRevoked(list: CertificateList, serialNumber: Uint8Array): RevokedCertificate | undefined {
  const { entries } = list;
  if (entries === undefined) return undefined;
  return parsing('CERTIFICATE_LIST_MALFORMED', () => {
    const reader = new DerReader(entries);
    while (!reader.done) {
      const entry = reader.readElement(Tag.SEQUENCE);
      if (equalBytes(contentsOf(entry).readInteger(), serialNumber)) {
        return readDirectEntry(contentsOf(entry), list.version);
      }
    }
    return undefined;
  });
}

function readVersion(tbs: DerReader): 1 | 2 {
  if (tbs.peekTag() !== Tag.INTEGER) return 1;
  if (tbs.readSmallInteger() !== 1) throw new X509Error('VERSION_INVALID');
  return 2;
}

/** 2050-01-01T00:00:00Z: from here on GeneralizedTime. */
const UTC_TIME_END = 2_524_608_000;

function readUpdate(tbs: DerReader): number {
  const at = tbs.offset;
  const generalized = tbs.peekTag() === Tag.GENERALIZED_TIME;
  const time = tbs.readTime();
  if (generalized && time < UTC_TIME_END) throw new DerError('DER_BAD_TIME', at);
  return time;
}

function isTime(tag: number): boolean {
  return tag === Tag.UTC_TIME || tag === Tag.GENERALIZED_TIME;
}

// An indirect CRL read as if all of its certificates were its issuer's would revoke the wrong ones.
function readDirectEntry(contents: DerReader, version: number): RevokedCertificate {
  const entry = readEntry(contents, version);
  if (entry.certificateIssuer === undefined) return entry;
  throw new X509Error('EXTENSION_CRITICAL_UNKNOWN', { oid: Oid.certificateIssuer });
}

function readEntry(entry: DerReader, version: number): RevokedCertificate {
  const serialNumber = entry.readInteger();
  const revocationDate = entry.readTime();
  if (entry.done) return { ...NO_ENTRY_EXTENSIONS, serialNumber, revocationDate };
  if (version !== 2) throw new X509Error('VERSION_INVALID');
  const extensions = readExtensions(entry);
  entry.end();
  for (const [oid, { critical }] of extensions) {
    if (critical && !ENTRY_EXTENSIONS.has(oid)) throw new X509Error('EXTENSION_CRITICAL_UNKNOWN', { oid });
  }
  return {
    serialNumber,
    revocationDate,
    reasonCode: read(extensions, Oid.reasonCode, parseReasonCode),
    invalidityDate: read(extensions, Oid.invalidityDate, parseInvalidityDate),
    certificateIssuer: read(extensions, Oid.certificateIssuer, parseCertificateIssuer),
  };
}

const ENTRY_EXTENSIONS = new Set<string>([Oid.reasonCode, Oid.invalidityDate, Oid.certificateIssuer]);
const NO_ENTRY_EXTENSIONS = { reasonCode: undefined, invalidityDate: undefined, certificateIssuer: undefined };

function read<T>(extensions: Extensions, oid: string, parse: (value: Uint8Array) => T): T | undefined {
  const extension = extensions.get(oid);
  return extension === undefined ? undefined : parse(extension.value);
}
