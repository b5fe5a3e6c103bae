import { DerReader, Tag } from '@touchmark/der';

/** `AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters ANY OPTIONAL }` (RFC 5280 4.1.1.2). `der` is the whole element. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly der: Uint8Array;
}

export function readAlgorithmIdentifier(reader: DerReader): AlgorithmIdentifier {
  const der = reader.readElement(Tag.SEQUENCE);
  const contents = new DerReader(der).read(Tag.SEQUENCE);
  const oid = contents.readOid();
  if (!contents.done) contents.skip();
  contents.end();
  return { oid, der };
}
