import { contextTag, DerReader, Tag } from '@touchmark/der';
import type { Certificate } from '@touchmark/x509';

// What our reader takes from others and we do not write ourselves.

const FIRST_GENERALIZED_TIME = 2_524_608_000;

/** Dates through 2049 are UTCTime, later ones GeneralizedTime (RFC 5280 4.1.2.5). */
export function keepsTimeForm({ tbsCertificate, issuer, notBefore, notAfter }: Certificate): boolean {
  const validity = behind(issuer, tbsCertificate).read(Tag.SEQUENCE);
  const first = validity.peekTag();
  validity.skip();
  return first === timeTag(notBefore) && validity.peekTag() === timeTag(notAfter);
}

/** issuerUniqueID and subjectUniqueID MUST NOT be written (RFC 5280 4.1.2.8): extensions follow the key at once. */
export function keepsOutUniqueIdentifiers({ tbsCertificate, subjectPublicKeyInfo }: Certificate): boolean {
  return behind(subjectPublicKeyInfo, tbsCertificate).peekTag() === contextTag(3, true);
}

function timeTag(time: number): number {
  return time < FIRST_GENERALIZED_TIME ? Tag.UTC_TIME : Tag.GENERALIZED_TIME;
}

// What was read of a certificate are views of its octets, so a part's place is known without reading up to it again.
function behind(part: Uint8Array, whole: Uint8Array): DerReader {
  return new DerReader(whole, part.byteOffset + part.length - whole.byteOffset);
}
