import { DerReader, Tag } from '@touchmark/der';

import { readAlgorithmIdentifier } from './algorithm-identifier.js';

/** CertID (RFC 6960 4.1.1): which certificate is meant. */
export interface CertId {
  /** The whole element, to be echoed octet for octet. */
  readonly der: Uint8Array;
  /** Dotted. Parameters may be NULL or absent, so match by this alone. */
  readonly hashAlgorithm: string;
  /** Hash of the DER of the issuer's Name. */
  readonly issuerNameHash: Uint8Array;
  /** Hash of the contents of the issuer's subjectPublicKey BIT STRING. */
  readonly issuerKeyHash: Uint8Array;
  /** INTEGER content octets; any INTEGER, not only those a certificate may have. */
  readonly serialNumber: Uint8Array;
}

export function readCertId(reader: DerReader): CertId {
  const der = reader.readElement(Tag.SEQUENCE);
  const contents = new DerReader(der).read(Tag.SEQUENCE);
  const hashAlgorithm = readAlgorithmIdentifier(contents).oid;
  const issuerNameHash = contents.readOctetString();
  const issuerKeyHash = contents.readOctetString();
  const serialNumber = contents.readInteger();
  contents.end();
  return { der, hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber };
}
