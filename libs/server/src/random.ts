import { randomBytes } from 'node:crypto';

/** Fresh unpredictable octets. Throws where the source of randomness fails; never returns fewer than asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/** The operating system's generator through node:crypto. The only source of randomness that is not handed in. */
export const systemRandomBytes: RandomBytes = (length) => {
  const bytes = randomBytes(length);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** A random UUID (version 4, RFC 9562 section 5.4), lower case. */
export function randomUuid(randomOctets: RandomBytes): string {
  const octets = Buffer.from(randomOctets(16));
  octets.writeUInt8((octets.readUInt8(6) & 0x0f) | 0x40, 6);
  octets.writeUInt8((octets.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = octets.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
