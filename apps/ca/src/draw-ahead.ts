import type { RandomBytes } from '@touchmark/server';

const PIECE = 4096;

/**
 * The same randomness, drawn a piece at a time: asking the generator costs microseconds, for 8 octets as for thousands. Each octet
 * is handed out once. For ids and serial numbers; keys are drawn by who makes them.
 */
export function drawAhead(randomBytes: RandomBytes): RandomBytes {
  let piece: Uint8Array = new Uint8Array();
  let used = 0;
  return (length) => {
    if (length > PIECE) return randomBytes(length);
    if (used + length > piece.length) {
      piece = randomBytes(PIECE);
      used = 0;
    }
    used += length;
    return piece.slice(used - length, used);
  };
}
