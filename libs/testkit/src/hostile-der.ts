import { damageTree } from './hostile-tree.js';

/** A reproducible source of numbers in [0, 1), for mutators: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One hostile variant of a DER object, the same for the same arguments: one in three are damaged octets, the others keep every
 * enclosing length right, so that the damage is reached by parsers that check lengths first. Elements of `others` are grafted in.
 */
export function hostileVariant(
  der: Uint8Array,
  seed: number,
  index: number,
  others: readonly Uint8Array[] = [der],
): Uint8Array {
  const random = seededRandom(seed ^ Math.imul(index + 1, 0x9e37_79b1));
  return random() < 1 / 3 ? damageOctets(der, random) : (damageTree(der, random, others) ?? damageOctets(der, random));
}

/** Endless hostile variants of a DER object, the same for the same seed. */
export function* hostileVariants(der: Uint8Array, seed: number): Generator<Uint8Array, never, undefined> {
  for (let index = 0; ; index++) yield hostileVariant(der, seed, index);
}

const INTERESTING = [0x00, 0x01, 0x02, 0x05, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff];

/** One to three octets changed, cut, inserted or doubled, or the rest cut off, without regard to structure. */
function damageOctets(der: Uint8Array, random: () => number): Uint8Array {
  const octets = [...der];
  const times = 1 + pick(3, random);
  for (let i = 0; i < times && octets.length > 0; i++) {
    const at = pick(octets.length, random);
    switch (pick(5, random)) {
      case 0:
        octets[at] = (octets[at] ?? 0) ^ (1 << pick(8, random));
        break;
      case 1:
        octets[at] = INTERESTING[pick(INTERESTING.length, random)] ?? 0;
        break;
      case 2:
        octets.splice(at, 1 + pick(4, random));
        break;
      case 3:
        octets.splice(at, 0, pick(256, random));
        break;
      default:
        octets.length = at;
    }
  }
  return Uint8Array.from(octets);
}

function pick(n: number, random: () => number): number {
  return Math.floor(random() * n);
}
