import type { RandomBytes } from './random.js';

/** A random UUID (version 4, RFC 9562 section 5.4), lower case: for ids that must not tell when they were made. */
export function randomUuid(randomBytes: RandomBytes): string {
  return format(Buffer.from(randomBytes(16)), 4);
}

/** A UUID version 7 (RFC 9562 section 5.7): ids sort by the second in which they were made. `now` in UTC seconds. */
export function timeOrderedUuid(now: number, randomBytes: RandomBytes): string {
  const octets = Buffer.from(randomBytes(16));
  octets.writeUIntBE(now * 1000, 0, 6);
  return format(octets, 7);
}

function format(octets: Buffer, version: number): string {
  octets.writeUInt8((octets.readUInt8(6) & 0x0f) | (version << 4), 6);
  octets.writeUInt8((octets.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = octets.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
