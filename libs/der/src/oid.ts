/** Content octets of an OBJECT IDENTIFIER that we read at most: no registered one comes near. */
const MAX_OID_OCTETS = 256;
/** Of one arc: a UUID below 2.25 has 128 bits. Larger numbers cost more than their octets when they are written in decimal. */
const MAX_ARC_OCTETS = 19;
/** 49 bits: exact in a number. */
const NUMBER_OCTETS = 7;

/**
 * Dotted form of OBJECT IDENTIFIER content octets in `bytes[start, end)`, arcs of any size up to 133 bits. Undefined
 * if empty, not minimal or larger.
 */
export function decodeOidContents(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end <= start || end - start > MAX_OID_OCTETS || ((bytes[end - 1] ?? 0x80) & 0x80) !== 0) return undefined;
  let dotted = '';
  let at = start;
  while (at < end) {
    if (bytes[at] === 0x80) return undefined;
    let last = at;
    while (((bytes[last] ?? 0) & 0x80) !== 0) last++;
    if (last - at >= MAX_ARC_OCTETS) return undefined;
    const arc = last - at < NUMBER_OCTETS ? numberArc(bytes, at, last) : bigArc(bytes, at, last);
    if (at === start) {
      dotted =
        arc < 80 ? `${arc < 40 ? 0 : 1}.${Number(arc) % 40}` : `2.${typeof arc === 'number' ? arc - 80 : arc - 80n}`;
    } else {
      dotted += `.${arc}`;
    }
    at = last + 1;
  }
  return dotted;
}

/** Content octets of a dotted OBJECT IDENTIFIER. Throws TypeError if it is none. */
export function encodeOidContents(dotted: string): Uint8Array {
  const arcs = dotted.split('.');
  const [first = '', second = ''] = arcs;
  if (!/^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+$/.test(dotted) || !/^[012]$/.test(first))
    throw new TypeError('not an object identifier');
  if (first !== '2' && Number(second) > 39) throw new TypeError('not an object identifier: second arc above 39');
  const contents: number[] = [];
  pushArc(contents, BigInt(first) * 40n + BigInt(second));
  for (let i = 2; i < arcs.length; i++) pushArc(contents, BigInt(arcs[i] ?? ''));
  if (contents.length > MAX_OID_OCTETS) throw new TypeError('object identifier too long');
  return Uint8Array.from(contents);
}

function numberArc(bytes: Uint8Array, start: number, last: number): number {
  let arc = 0;
  for (let i = start; i <= last; i++) arc = arc * 128 + ((bytes[i] ?? 0) & 0x7f);
  return arc;
}

function bigArc(bytes: Uint8Array, start: number, last: number): bigint {
  let arc = 0n;
  for (let at = start; at <= last; at += NUMBER_OCTETS) {
    const end = Math.min(at + NUMBER_OCTETS - 1, last);
    arc = (arc << BigInt(7 * (end - at + 1))) | BigInt(numberArc(bytes, at, end));
  }
  return arc;
}

function pushArc(contents: number[], arc: bigint): void {
  const septets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) septets.push(Number(rest & 0x7fn) | 0x80);
  if (septets.length > MAX_ARC_OCTETS) throw new TypeError('arc of an object identifier too large');
  contents.push(...septets.toReversed());
}
