import { encodeElement } from '@touchmark/der';

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
 * Endless hostile variants of a DER object, the same for the same seed: half are damaged octets, half keep every enclosing
 * length right, so that the damage is reached by parsers that check lengths first.
 */
export function* hostileVariants(der: Uint8Array, seed: number): Generator<Uint8Array, never, undefined> {
  const random = seededRandom(seed);
  for (;;) yield random() < 0.5 ? damageOctets(der, random) : damageStructure(der, random);
}

/** One to three octets changed, cut, inserted or doubled, without regard to structure. */
function damageOctets(der: Uint8Array, random: () => number): Uint8Array {
  const octets = [...der];
  const times = 1 + Math.floor(random() * 3);
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

/** One element removed, doubled, moved, retagged, emptied, filled with noise or given a length that is not DER; the rest re-encoded. */
function damageStructure(der: Uint8Array, random: () => number): Uint8Array {
  const tree = parseTree(der, 0);
  const nodes = tree.flatMap(descendants);
  const victim = nodes[pick(nodes.length, random)];
  if (victim === undefined) return damageOctets(der, random);
  mutate(victim, random);
  return concat(tree.map(encodeTree));
}

interface Node {
  tag: number;
  children: Node[] | undefined;
  contents: Uint8Array;
  /** Replaces the whole encoding where set. */
  raw?: Uint8Array;
}

const INTERESTING = [0x00, 0x01, 0x02, 0x05, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff];

function mutate(node: Node, random: () => number): void {
  const encoded = encodeTree(node);
  const children = node.children;
  switch (pick(9, random)) {
    case 0:
      node.raw = new Uint8Array(0);
      break;
    case 1:
      node.raw = concat([encoded, encoded]);
      break;
    case 2:
      node.tag = INTERESTING[pick(INTERESTING.length, random)] ?? 0;
      break;
    case 3:
      node.raw = encodeElement(node.tag);
      break;
    case 4:
      node.raw = encodeElement(node.tag, noise(pick(40, random), random));
      break;
    case 5:
      node.raw = Uint8Array.of(node.tag, 0x80, ...encoded.subarray(2), 0, 0);
      break;
    case 6:
      node.raw = Uint8Array.of(node.tag, 0x84, 0, 0, 0, encoded.length & 0xff, ...encoded.subarray(2));
      break;
    case 7:
      if (children === undefined) node.raw = encodeElement(node.tag, Uint8Array.of(0), node.contents);
      else children.reverse();
      break;
    default:
      node.raw = encodeElement(node.tag, encoded);
  }
}

function parseTree(bytes: Uint8Array, depth: number): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    let start = at + 2;
    if (length > 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
      start += count;
    }
    if (start + length > bytes.length) return [];
    const contents = bytes.subarray(start, start + length);
    nodes.push({ tag, contents, children: childrenOf(tag, contents, depth) });
    at = start + length;
  }
  return nodes;
}

// OCTET STRINGs and BIT STRINGs may hold DER: extensions and keys do.
function childrenOf(tag: number, contents: Uint8Array, depth: number): Node[] | undefined {
  if (depth > 12) return undefined;
  const constructed = (tag & 0x20) !== 0;
  if (!constructed && !(tag === 0x04 && (contents[0] === 0x30 || contents[0] === 0x03))) return undefined;
  const children = parseTree(contents, depth + 1);
  return children.length > 0 ? children : undefined;
}

function descendants(node: Node): Node[] {
  return [node, ...(node.children ?? []).flatMap(descendants)];
}

function encodeTree(node: Node): Uint8Array {
  if (node.raw !== undefined) return node.raw;
  return encodeElement(node.tag, ...(node.children?.map(encodeTree) ?? [node.contents]));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function noise(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => pick(256, random));
}

function pick(n: number, random: () => number): number {
  return Math.floor(random() * n);
}
