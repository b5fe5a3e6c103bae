import {
  DerError,
  DerReader,
  Oid,
  Tag,
  compareBytes,
  contextTag,
  encodeExplicit,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
} from '@touchmark/der';
import { EstError } from './errors.js';

/**
 * CMS certs-only message of RFC 7030 section 4.1.3: ContentInfo with a SignedData (RFC 5652 section 5.1) of version 1
 * without digest algorithms, content or signers. Certificates are DER and come out sorted, as DER has it for a SET OF.
 * TypeError when there is none.
 */
export function encodeCertsOnly(certificates: readonly Uint8Array[]): Uint8Array {
  if (certificates.length === 0) throw new TypeError('a certs-only message carries at least one certificate');
  const signedData = encodeSequence(
    encodeSmallInteger(1),
    encodeSet(),
    encodeSequence(encodeOid(Oid.data)),
    encodeExplicit(0, ...certificates.toSorted(compareBytes)),
    encodeSet(),
  );
  return encodeSequence(encodeOid(Oid.signedData), encodeExplicit(0, signedData));
}

/**
 * Certificates of a certs-only message in strict DER, as views of its bytes, in the order found. They are not parsed.
 * Code CERTS_ONLY_MALFORMED for anything else: content, signers and CRLs are refused too.
 */
export function parseCertsOnly(der: Uint8Array): Uint8Array[] {
  try {
    return readContentInfo(new DerReader(der));
  } catch (error) {
    if (error instanceof DerError) throw new EstError('CERTS_ONLY_MALFORMED', { length: der.length }, error);
    throw error;
  }
}

function readContentInfo(message: DerReader): Uint8Array[] {
  const contentInfo = message.read(Tag.SEQUENCE);
  message.end();
  expect(contentInfo.readOid() === Oid.signedData);
  const content = contentInfo.read(contextTag(0, true));
  contentInfo.end();
  const signedData = content.read(Tag.SEQUENCE);
  content.end();

  expect(signedData.readSmallInteger() === 1);
  signedData.read(Tag.SET).end();
  const encapContentInfo = signedData.read(Tag.SEQUENCE);
  expect(encapContentInfo.readOid() === Oid.data);
  encapContentInfo.end();
  const set = signedData.read(contextTag(0, true));
  const certificates: Uint8Array[] = [];
  while (!set.done) certificates.push(set.readElement(Tag.SEQUENCE));
  expect(certificates.length > 0);
  signedData.read(Tag.SET).end();
  signedData.end();
  return certificates;
}

function expect(condition: boolean): void {
  if (!condition) throw new EstError('CERTS_ONLY_MALFORMED');
}
