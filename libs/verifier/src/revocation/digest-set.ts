/** 32-bit words kept of a digest: 128 bits, so that no two of a million are ever taken for each other by chance. */
const WORDS = 4;
const FIRST_CAPACITY = 256;

/**
 * A set of SHA-256 digests in one block of memory: 32 octets a digest at most, whatever the engine makes of objects. A digest that
 * was added is always found.
 */
export class DigestSet {
  private words = new Uint32Array(FIRST_CAPACITY * WORDS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** 32 octets. */
  add(digest: Uint8Array): void {
    const key = wordsOf(digest);
    if (!place(this.words, key)) return;
    this.count++;
    if (this.count * 2 * WORDS > this.words.length) this.grow();
  }

  has(digest: Uint8Array): boolean {
    const key = wordsOf(digest);
    return sameAt(this.words, slotOf(this.words, key), key);
  }

  private grow(): void {
    const larger = new Uint32Array(this.words.length * 2);
    const key = new Uint32Array(WORDS);
    for (let at = 0; at < this.words.length; at += WORDS) {
      key.set(this.words.subarray(at, at + WORDS));
      if (!isFree(key, 0)) place(larger, key);
    }
    this.words = larger;
  }
}

/** False if it is there already. */
function place(words: Uint32Array, key: Uint32Array): boolean {
  const at = slotOf(words, key);
  if (!isFree(words, at)) return false;
  words.set(key, at);
  return true;
}

/** Where the key is, or else where it would go: at most half of the slots are taken, so there is always one. */
function slotOf(words: Uint32Array, key: Uint32Array): number {
  const mask = words.length - 1;
  let at = ((key[0] ?? 0) * WORDS) & mask;
  while (!isFree(words, at) && !sameAt(words, at, key)) at = (at + WORDS) & mask;
  return at;
}

function isFree(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;
}

function sameAt(words: Uint32Array, at: number, key: Uint32Array): boolean {
  return words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3];
}

function wordsOf(digest: Uint8Array): Uint32Array {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  // All zeros mean a free slot; the lowest bit set keeps such a digest apart from those, beside one other of 2^128.
  const last = view.getUint32(12) || 1;
  return Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), last);
}
