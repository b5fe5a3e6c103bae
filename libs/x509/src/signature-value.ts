import { DerError, type DerReader } from '@touchmark/der';

/** Reads a signature's BIT STRING: whole octets only. */
export function readSignature(reader: DerReader): Uint8Array {
  const at = reader.offset;
  const { unusedBits, bytes } = reader.readBitString();
  if (unusedBits !== 0) throw new DerError('DER_BAD_BIT_STRING', at);
  return bytes;
}
