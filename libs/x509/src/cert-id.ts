import { hash } from 'node:crypto';

import {
  DerReader,
  encodeElement,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Oid,
  Tag,
} from '@touchmark/der';

import { X509Error } from './error.js';
import { keyHashSha1, keyHashSha256, type SubjectPublicKeyInfo } from './subject-public-key-info.js';

/** CertID (RFC 6960 4.1.1): which certificate is meant. */
export interface CertId {
  /** The whole element, to be echoed octet for octet. */
  readonly der: Uint8Array;
  /** Dotted. Parameters are NULL or absent, so match by this alone. */
  readonly hashAlgorithm: string;
  /** Hash of the DER of the issuer's Name. */
  readonly issuerNameHash: Uint8Array;
  /** Hash of the contents of the issuer's subjectPublicKey BIT STRING. */
  readonly issuerKeyHash: Uint8Array;
  /** INTEGER content octets; any INTEGER of at most 32 octets, not only those a certificate may have. */
  readonly serialNumber: Uint8Array;
}

/** Octets. RFC 5280 4.1.2.2 allows 20; older certificates have a few more. */
const MAX_SERIAL_NUMBER = 32;

/**
 * Throws DerError, also for hash parameters that are not NULL, and X509Error SERIAL_NUMBER_INVALID: what is echoed and kept must
 * not be as long as the sender likes.
 */
export function readCertId(reader: DerReader): CertId {
  const der = reader.readElement(Tag.SEQUENCE);
  const contents = new DerReader(der).read(Tag.SEQUENCE);
  const algorithm = contents.read(Tag.SEQUENCE);
  const hashAlgorithm = algorithm.readOid();
  if (!algorithm.done) algorithm.readNull();
  algorithm.end();
  const issuerNameHash = contents.readOctetString();
  const issuerKeyHash = contents.readOctetString();
  const serialNumber = contents.readInteger();
  if (serialNumber.length > MAX_SERIAL_NUMBER) throw new X509Error('SERIAL_NUMBER_INVALID');
  contents.end();
  return { der, hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber };
}

/** What a CertID is made of. */
export interface CertIdContent {
  readonly hashAlgorithm: 'sha1' | 'sha256';
  /** DER of the issuer's Name, as it stands in the certificate that is asked about. */
  readonly issuer: Uint8Array;
  readonly issuerKey: SubjectPublicKeyInfo;
  /** INTEGER content octets. */
  readonly serialNumber: Uint8Array;
}

/** Parameters are NULL, as OpenSSL writes them for both hashes: some responders compare the element octet for octet. */
export function encodeCertId({ hashAlgorithm, issuer, issuerKey, serialNumber }: CertIdContent): Uint8Array {
  const sha1 = hashAlgorithm === 'sha1';
  return encodeSequence(
    encodeSequence(encodeOid(sha1 ? Oid.sha1 : Oid.sha256), encodeNull()),
    encodeOctetString(hash(hashAlgorithm, issuer, 'buffer')),
    encodeOctetString(sha1 ? keyHashSha1(issuerKey) : keyHashSha256(issuerKey)),
    encodeElement(Tag.INTEGER, serialNumber),
  );
}
