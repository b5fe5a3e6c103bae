import { StatusListError } from './errors.js';

/**
 * Cuts, extends and flips every bit of an encoding, and names each result that `recode` (read, then write again) neither
 * refuses with a code of ours nor gives back octet for octet: in a canonical format there are none.
 */
export function acceptedWrongly(bytes: Uint8Array, recode: (bytes: Uint8Array) => Uint8Array): string[] {
  const wrong: string[] = [];
  const attempt = (name: string, hostile: Uint8Array, mustRefuse: boolean): void => {
    try {
      const again = recode(hostile);
      if (mustRefuse || Buffer.compare(again, hostile) !== 0) wrong.push(name);
    } catch (error) {
      if (!(error instanceof StatusListError)) wrong.push(`${name}: ${String(error)}`);
    }
  };
  for (let length = 0; length < bytes.length; length += 1) attempt(`cut to ${length}`, bytes.slice(0, length), true);
  for (const octet of [0, 1, 0xff]) attempt(`followed by ${octet}`, Uint8Array.of(...bytes, octet), true);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const at = bit >>> 3;
    attempt(`bit ${bit} flipped`, bytes.with(at, (bytes[at] ?? 0) ^ (0x80 >>> (bit & 7))), false);
  }
  return wrong;
}
