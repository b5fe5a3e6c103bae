import { contextTag, DerReader, Oid, Tag } from '@touchmark/der';

import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.js';
import { X509Error } from './error.js';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extension.js';
import { checkCount, MAX_ATTRIBUTES } from './limits.js';
import { readName } from './name.js';
import { contentsOf, parsing, readWhole } from './parsing.js';
import { readSignature } from './signature-value.js';
import { readSubjectPublicKeyInfo } from './subject-public-key-info.js';

/** A PKCS #10 request as its octets say (RFC 2986 section 4). All arrays are views of the bytes that were parsed. */
export interface CertificationRequest {
  readonly der: Uint8Array;
  /** The signed part, whole element. */
  readonly certificationRequestInfo: Uint8Array;
  /** DER of the Name; may be empty. */
  readonly subject: Uint8Array;
  readonly subjectPublicKeyInfo: Uint8Array;
  /** Contents of each attribute's `values` SET, by dotted type. */
  readonly attributes: ReadonlyMap<string, readonly Uint8Array[]>;
  /** What extensionRequest asks for (RFC 2985 5.4.2); empty without that attribute. */
  readonly requestedExtensions: Extensions;
  /** RFC 2985 5.4.1. */
  readonly challengePassword: string | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/**
 * Reads one certification request. Its attributes may stand in any order, as devices write them, but each type once.
 * The signature is not checked: `verifySignature` does that. Throws X509Error.
 */
export function parseCertificationRequest(der: Uint8Array): CertificationRequest {
  return parsing('CERTIFICATION_REQUEST_MALFORMED', () =>
    readWhole(der, (outer) => {
      const certificationRequestInfo = outer.readElement(Tag.SEQUENCE);
      const signatureAlgorithm = readAlgorithmIdentifier(outer);
      const signature = readSignature(outer);

      const info = contentsOf(certificationRequestInfo);
      if (info.readSmallInteger() !== 0) throw new X509Error('VERSION_INVALID');
      const subject = readName(info);
      const subjectPublicKeyInfo = readSubjectPublicKeyInfo(info);
      const attributes = readAttributes(info.read(contextTag(0, true)));
      info.end();

      return {
        der,
        certificationRequestInfo,
        subject,
        subjectPublicKeyInfo,
        attributes,
        requestedExtensions: readRequestedExtensions(attributes),
        challengePassword: readChallengePassword(attributes),
        signatureAlgorithm,
        signature,
      };
    }),
  );
}

function readAttributes(contents: DerReader): ReadonlyMap<string, readonly Uint8Array[]> {
  const attributes = new Map<string, readonly Uint8Array[]>();
  while (!contents.done) {
    checkCount(attributes.size, MAX_ATTRIBUTES, contents);
    const attribute = contents.read(Tag.SEQUENCE);
    const type = attribute.readOid();
    const set = attribute.read(Tag.SET);
    attribute.end();
    const values: Uint8Array[] = [];
    while (!set.done) {
      checkCount(values.length, MAX_ATTRIBUTES, set);
      values.push(set.readElement());
    }
    if (attributes.has(type)) throw malformed();
    attributes.set(type, values);
  }
  return attributes;
}

function readRequestedExtensions(attributes: ReadonlyMap<string, readonly Uint8Array[]>): Extensions {
  const value = singleValue(attributes, Oid.extensionRequest);
  if (value === undefined) return NO_EXTENSIONS;
  const reader = new DerReader(value);
  const extensions = readExtensions(reader);
  reader.end();
  return extensions;
}

function readChallengePassword(attributes: ReadonlyMap<string, readonly Uint8Array[]>): string | undefined {
  const value = singleValue(attributes, Oid.challengePassword);
  return value === undefined ? undefined : new DerReader(value).readString();
}

function singleValue(attributes: ReadonlyMap<string, readonly Uint8Array[]>, type: string): Uint8Array | undefined {
  const values = attributes.get(type);
  if (values === undefined) return undefined;
  const [value] = values;
  if (value === undefined || values.length > 1) throw malformed();
  return value;
}

function malformed(): X509Error {
  return new X509Error('CERTIFICATION_REQUEST_MALFORMED');
}
