import { isIPv4, isIPv6 } from 'node:net';

/** Octets of an iPAddress name (RFC 5280 4.2.1.6): 4 or 16. Undefined if the text is no address; zone ids are none. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return Uint8Array.from(ipv6Groups(text).flatMap((group) => [group >> 8, group & 0xff]));
}

// The text is valid: at most one `::`, an IPv4 tail only at the end.
function ipv6Groups(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
