import { contextTag, DerReader, encodeElement, equalBytes, Tag } from '@touchmark/der';

import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import { type Extensions, readOptionalExtensions } from './extension.js';
import { isEmptyName, readName } from './name.js';
import { equalNames } from './name-match.js';
import { contentsOf, parsing, readWhole } from './parsing.js';
import { readSignature } from './signature-value.js';
import { readSubjectPublicKeyInfo } from './subject-public-key-info.js';

/** A certificate as its octets say (RFC 5280 4.1). All arrays are views of the bytes that were parsed: do not write to those. */
export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part, whole element. */
  readonly tbsCertificate: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** INTEGER content octets: 1 to 20, positive, a leading zero octet where the first bit is set; other ones only where asked for. */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** DER of the Name, never empty. */
  readonly issuer: Uint8Array;
  /** DER of the Name. */
  readonly subject: Uint8Array;
  /** UTC seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER; read it with `parseSubjectPublicKeyInfo`. */
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly extensions: Extensions;
  /** Contents of the BIT STRING. */
  readonly signature: Uint8Array;
}

export interface CertificateParsingOptions {
  /** `any`: serial numbers that are zero, negative or longer than 20 octets too, as RFC 5280 4.1.2.2 asks of who reads them. */
  readonly serialNumbers?: 'positive' | 'any';
}

/**
 * Reads one certificate, strictly: DER throughout, equal inner and outer signature algorithms, serial numbers of 1 to 20
 * octets and positive, extensions in v3 only and each once. It judges structure; dates, signature and extension contents are
 * for who uses them. Throws X509Error.
 */
export function parseCertificate(
  der: Uint8Array,
  { serialNumbers = 'positive' }: CertificateParsingOptions = {},
): Certificate {
  return parsing('CERTIFICATE_MALFORMED', () =>
    readWhole(der, (outer) => {
      const tbsCertificate = outer.readElement(Tag.SEQUENCE);
      const signatureAlgorithm = readAlgorithmIdentifier(outer);
      const signature = readSignature(outer);

      const tbs = contentsOf(tbsCertificate);
      const version = readVersion(tbs);
      const serialNumber = serialNumbers === 'any' ? tbs.readInteger() : readSerialNumber(tbs);
      if (!equalBytes(tbs.readElement(Tag.SEQUENCE), signatureAlgorithm.der)) {
        throw new X509Error('SIGNATURE_ALGORITHM_MISMATCH');
      }
      const issuer = readName(tbs);
      if (isEmptyName(issuer)) throw new X509Error('NAME_MALFORMED');
      const validity = tbs.read(Tag.SEQUENCE);
      const notBefore = validity.readTime();
      const notAfter = validity.readTime();
      validity.end();
      const subject = readName(tbs);
      const subjectPublicKeyInfo = readSubjectPublicKeyInfo(tbs);
      skipUniqueIdentifiers(tbs, version);
      const extensions = readOptionalExtensions(tbs, 3);
      if (extensions.size > 0 && version !== 3) throw new X509Error('VERSION_INVALID');
      tbs.end();

      return {
        der,
        tbsCertificate,
        version,
        serialNumber,
        signatureAlgorithm,
        issuer,
        subject,
        notBefore,
        notAfter,
        subjectPublicKeyInfo,
        extensions,
        signature,
      };
    }),
  );
}

/** Whether issuer and subject are the same name (RFC 5280 3.2, 7.1); says nothing about who signed. */
export function isSelfIssued(certificate: Certificate): boolean {
  return equalNames(certificate.issuer, certificate.subject);
}

function readVersion(tbs: DerReader): 1 | 2 | 3 {
  const explicit = tbs.readOptional(contextTag(0, true));
  if (explicit === undefined) return 1;
  const version = explicit.readSmallInteger();
  explicit.end();
  // v1 is the DEFAULT and so never encoded (X.690 11.5).
  if (version !== 1 && version !== 2) throw new X509Error('VERSION_INVALID');
  return version === 1 ? 2 : 3;
}

function readSerialNumber(tbs: DerReader): Uint8Array {
  const serialNumber = tbs.readInteger();
  const [first = 0] = serialNumber;
  if (serialNumber.length > 20 || first > 0x7f || (serialNumber.length === 1 && first === 0)) {
    throw new X509Error('SERIAL_NUMBER_INVALID');
  }
  return serialNumber;
}

// [n] IMPLICIT BIT STRING: a count of unused bits, then octets whose unused bits are zero.
function skipUniqueIdentifiers(tbs: DerReader, version: number): void {
  for (const tag of [contextTag(1), contextTag(2)]) {
    if (tbs.peekTag() !== tag) continue;
    if (version === 1) throw new X509Error('VERSION_INVALID');
    new DerReader(encodeElement(Tag.BIT_STRING, tbs.readContents(tag))).readBitString();
  }
}
