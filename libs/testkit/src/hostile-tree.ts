import { concatBytes, encodeElement } from '@touchmark/der';

/** An element of DER that is about to be damaged. */
interface Node {
  tag: number;
  children: Node[] | undefined;
  contents: Uint8Array;
  /** Replaces the whole encoding where set. */
  raw?: Uint8Array;
}

interface Surroundings {
  readonly random: () => number;
  /** All elements of the same object. */
  readonly nodes: readonly Node[];
  /** Objects that elements may be taken from. */
  readonly others: readonly Uint8Array[];
}

const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1f, 0x30, 0x31, 0x80, 0xa0, 0xa1,
];
const HUGE = [
  [0x84, 0xff, 0xff, 0xff, 0xff],
  [0x84, 0x7f, 0xff, 0xff, 0xff],
  [0x83, 0xff, 0xff, 0xff],
  [0x88, 0, 0, 0, 0, 0, 0, 0, 1],
  [0xff],
];
/** Levels: more than the stack of a recursive reader bears would be larger than certificates may be. */
const DEEPEST = 600;
const MAX_REPEATS = 40;

/** One to three elements damaged and the lengths around them made right again; undefined if the octets are no elements. */
export function damageTree(
  der: Uint8Array,
  random: () => number,
  others: readonly Uint8Array[],
): Uint8Array | undefined {
  const tree = parseTree(der, 0);
  const nodes = tree.flatMap(descendants);
  if (nodes.length === 0) return undefined;
  const times = random() < 0.8 ? 1 : 2 + pick(2, random);
  for (let i = 0; i < times; i++) {
    const victim = nodes[pick(nodes.length, random)];
    if (victim !== undefined) MUTATIONS[pick(MUTATIONS.length, random)]?.(victim, { random, nodes, others });
  }
  return concatBytes(...tree.map(encodeTree));
}

const MUTATIONS: readonly ((node: Node, around: Surroundings) => void)[] = [
  function remove(node) {
    node.raw = new Uint8Array(0);
  },
  function repeat(node, { random }) {
    const encoded = encodeTree(node);
    const times = random() < 0.7 ? 2 : 2 + pick(MAX_REPEATS, random);
    node.raw = concatBytes(...Array.from({ length: times }, () => encoded));
  },
  function retag(node, { random }) {
    node.tag = TAGS[pick(TAGS.length, random)] ?? 0;
  },
  function changeClassOrForm(node, { random }) {
    node.tag ^= [0x20, 0x40, 0x80, 0x01][pick(4, random)] ?? 0;
  },
  function empty(node) {
    node.raw = encodeElement(node.tag);
  },
  function fillWithNoise(node, { random }) {
    node.raw = encodeElement(node.tag, noise(pick(40, random), random));
  },
  function flipOneBit(node, { random }) {
    const contents = node.contents.slice();
    const at = pick(contents.length, random);
    if (contents.length > 0) contents[at] = (contents[at] ?? 0) ^ (1 << pick(8, random));
    node.raw = encodeElement(node.tag, contents);
  },
  function giveIndefiniteLength(node) {
    const encoded = encodeTree(node);
    node.raw = Uint8Array.of(node.tag, 0x80, ...encoded.subarray(2), 0, 0);
  },
  function padLength(node) {
    const encoded = encodeTree(node);
    node.raw = Uint8Array.of(node.tag, 0x84, 0, 0, 0, encoded.length & 0xff, ...encoded.subarray(2));
  },
  function lieAboutLength(node, { random }) {
    const encoded = encodeTree(node).slice();
    encoded[1] = (encoded[1] ?? 0) + (random() < 0.5 ? 1 : -1) * (1 + pick(4, random));
    node.raw = encoded;
  },
  function claimHugeLength(node, { random }) {
    node.raw = Uint8Array.of(node.tag, ...(HUGE[pick(HUGE.length, random)] ?? []), ...node.contents);
  },
  function padContents(node) {
    node.raw = encodeElement(node.tag, Uint8Array.of(0), node.contents);
  },
  function truncate(node, { random }) {
    node.raw = encodeElement(node.tag, node.contents.subarray(0, pick(node.contents.length, random)));
  },
  function cutWithoutRegardToLength(node, { random }) {
    const encoded = encodeTree(node);
    node.raw = encoded.subarray(0, pick(encoded.length, random));
  },
  function reverse(node) {
    node.children?.reverse();
  },
  function swap(node, { random, nodes }) {
    const other = nodes[pick(nodes.length, random)];
    if (other === undefined) return;
    const [own, others] = [encodeTree(node), encodeTree(other)];
    node.raw = others;
    other.raw = own;
  },
  function graft(node, { random, others }) {
    const donors = parseTree(others[pick(others.length, random)] ?? new Uint8Array(0), 0).flatMap(descendants);
    const donor = donors[pick(donors.length, random)];
    if (donor !== undefined) node.raw = encodeTree(donor);
  },
  function nest(node, { random }) {
    const levels = random() < 0.7 ? 1 : 1 + pick(DEEPEST, random);
    const tag = random() < 0.5 ? node.tag : 0x30;
    let nested = encodeTree(node);
    for (let level = 0; level < levels; level++) nested = encodeElement(tag, nested);
    node.raw = nested;
  },
];

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

function noise(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => pick(256, random));
}

function pick(n: number, random: () => number): number {
  return Math.floor(random() * n);
}
