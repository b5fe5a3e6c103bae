import { contextTag, DerReader, Tag } from '@touchmark/der';
import type { Certificate } from '@touchmark/x509';

// What our reader takes from others and we do not write ourselves.

const FIRST_GENERALIZED_TIME = 2_524_608_000;

/** Dates through 2049 are UTCTime, later ones GeneralizedTime (RFC 5280 4.1.2.5). */
export function keepsTimeForm({ tbsCertificate, notBefore, notAfter }: Certificate): boolean {
  const validity = beforeValidity(tbsCertificate).read(Tag.SEQUENCE);
  return [notBefore, notAfter].every((time) => {
    const tag = validity.peekTag();
    validity.skip();
    return tag === (time < FIRST_GENERALIZED_TIME ? Tag.UTC_TIME : Tag.GENERALIZED_TIME);
  });
}

/** issuerUniqueID and subjectUniqueID MUST NOT be written (RFC 5280 4.1.2.8): extensions follow the key at once. */
export function keepsOutUniqueIdentifiers({ tbsCertificate }: Certificate): boolean {
  const fields = beforeValidity(tbsCertificate);
  for (let skipped = 0; skipped < 3; skipped++) fields.skip(Tag.SEQUENCE);
  return fields.peekTag() === contextTag(3, true);
}

// version, serialNumber, signature, issuer.
function beforeValidity(tbsCertificate: Uint8Array): DerReader {
  const fields = new DerReader(tbsCertificate).read(Tag.SEQUENCE);
  for (const tag of [contextTag(0, true), Tag.INTEGER, Tag.SEQUENCE, Tag.SEQUENCE]) fields.skip(tag);
  return fields;
}
