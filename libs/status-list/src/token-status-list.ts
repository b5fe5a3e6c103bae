import { StatusListError } from './errors.js';
import { LIST_SIZE } from './seat.js';
import { SeatBitmap } from './seat-bitmap.js';

// Loaded when a list is first read or made: most who import this never do.
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');

/** `bits` of our Token Status Lists: octets of a seat bitmap are already what the standard asks for. */
export const TOKEN_STATUS_LIST_BITS = 2;

/**
 * Makes the `lst` of an IETF Token Status List (draft-ietf-oauth-status-list section 4, bits 2): the values of seats 0 to
 * `size` − 1 as a zlib stream (RFC 1950), before base64url. A relying party refuses an index beyond the list, so a size
 * beyond the lease, up to {@link LIST_SIZE}, keeps seats leased later usable while the token is cached; a size of
 * `leasedTo` refuses them until the next token.
 */
export function encodeTokenStatusList(seats: SeatBitmap, size: number): Uint8Array {
  const { constants, deflateSync } = zlib();
  return new Uint8Array(deflateSync(seats.toOctets(size), { level: constants.Z_BEST_COMPRESSION }));
}

/**
 * Reads an `lst` with bits 2; `size` is the number of seats that it says something about. Never inflates to more than
 * `maxSize` seats. Codes DEFLATE_INVALID, TOO_LARGE, and VALUE_OUT_OF_RANGE for the status type three, which is none of ours.
 */
export function decodeTokenStatusList(
  lst: Uint8Array,
  { maxSize = LIST_SIZE } = {},
): { seats: SeatBitmap; size: number } {
  const octets = inflate(lst, Math.floor(maxSize / 4));
  return { seats: SeatBitmap.fromOctets(octets), size: octets.length * 4 };
}

/** With `info`, which the types do not know, zlib tells how much of its input it took: what lies behind a stream is refused. */
function inflate(lst: Uint8Array, maxOutputLength: number): Uint8Array {
  const options = { maxOutputLength, info: true };
  let inflated;
  try {
    inflated = zlib().inflateSync(lst, options) as
      | Uint8Array
      | { buffer: Uint8Array; engine: { bytesWritten: number } };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new StatusListError('TOO_LARGE', { field: 'lst', limit: maxOutputLength }, { cause });
    }
    throw new StatusListError('DEFLATE_INVALID', {}, { cause });
  }
  if (!('engine' in inflated) || inflated.engine.bytesWritten !== lst.length)
    throw new StatusListError('DEFLATE_INVALID', {});
  return inflated.buffer;
}
