/** Key of `hashSerial`: two 32-bit words. */
export type HashSeed = readonly [number, number];

/**
 * HalfSipHash-1-3 of `bytes[start, end)`, 32 bits unsigned: keyed, so that nobody who does not know the seed can choose serial
 * numbers that collide. Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the Linux kernel's hsiphash is the same.
 */
export function hashSerial(bytes: Uint8Array, start: number, end: number, [k0, k1]: HashSeed): number {
  let v0 = k0 | 0;
  let v1 = k1 | 0;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const words = (end - start) >> 2;
  // Whole words, one with the rest and the length, then three rounds without input.
  for (let step = 0; step < words + 4; step++) {
    let word = 0;
    if (step < words) word = wordAt(bytes, start + step * 4);
    else if (step === words) word = lastWord(bytes, start + words * 4, end, end - start);
    else if (step === words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function lastWord(bytes: Uint8Array, from: number, end: number, length: number): number {
  let word = length << 24;
  for (let i = from; i < end; i++) word |= (bytes[i] ?? 0) << ((i - from) * 8);
  return word;
}
