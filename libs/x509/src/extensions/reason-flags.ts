import { DerError, type DerReader, encodeBitString } from '@touchmark/der';

import type { ReasonCode } from './crl-extensions.js';

/** In the order of their bits (RFC 5280 4.2.1.13), which is not that of CRLReason; bit 0 is unused. */
const REASON_FLAGS = [
  undefined,
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const satisfies readonly (ReasonCode | undefined)[];

/** What a distribution point or a CRL may be limited to. */
export type ReasonFlag = Exclude<(typeof REASON_FLAGS)[number], undefined>;

/** All there are: what must be covered until it is known that a certificate is not revoked (RFC 5280 6.3.1). */
export const ALL_REASONS: ReadonlySet<ReasonFlag> = new Set(REASON_FLAGS.filter((flag) => flag !== undefined));

/** `[n] IMPLICIT ReasonFlags OPTIONAL`. Bits that RFC 5280 does not assign are passed over; so are trailing zero bits. */
export function readReasonFlags(reader: DerReader, tag: number): ReadonlySet<ReasonFlag> | undefined {
  if (reader.peekTag() !== tag) return undefined;
  const at = reader.offset;
  const contents = reader.readContents(tag);
  const [unusedBits] = contents;
  const last = contents[contents.length - 1] ?? 0;
  // An implicit tag hides the BIT STRING from the reader, so its rules are looked at here (X.690 11.2.1).
  const fits = unusedBits !== undefined && unusedBits < 8 && (contents.length > 1 || unusedBits === 0);
  if (!fits || (last & ((1 << unusedBits) - 1)) !== 0) throw new DerError('DER_BAD_BIT_STRING', at);
  return new Set(
    [...ALL_REASONS].filter((flag) => {
      const bit = REASON_FLAGS.indexOf(flag);
      return ((contents[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
    }),
  );
}

/** A named bit list as a BIT STRING: no trailing zero bits (X.690 11.2.2). */
export function encodeReasonFlags(flags: Iterable<ReasonFlag>): Uint8Array {
  let bits = 0;
  let last = -1;
  for (const flag of flags) {
    const bit = REASON_FLAGS.indexOf(flag);
    bits |= 0x8000 >> bit;
    last = Math.max(last, bit);
  }
  if (last < 0) return encodeBitString(new Uint8Array());
  const octets = last < 8 ? Uint8Array.of(bits >> 8) : Uint8Array.of(bits >> 8, bits & 0xff);
  return encodeBitString(octets, 7 - (last & 7));
}
