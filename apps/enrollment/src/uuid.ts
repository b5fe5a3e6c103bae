import { toHex } from '@touchmark/der';
import type { RandomBytes } from '@touchmark/server';

/** A UUID version 7 (RFC 9562 section 5.7): ids sort by the second in which they were made. `now` in UTC seconds. */
export function newUuid(now: number, randomBytes: RandomBytes): string {
  const bytes = new Uint8Array(16);
  bytes.set(randomBytes(16));
  const view = new DataView(bytes.buffer);
  const milliseconds = BigInt(now) * 1000n;
  view.setUint32(0, Number(milliseconds >> 16n));
  view.setUint16(4, Number(milliseconds & 0xffffn));
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x70);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The OID 2.25.<UUID as an integer> (Rec. ITU-T X.667), which needs no registration. */
export function oidOfUuid(uuid: string): string {
  return `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}`;
}
