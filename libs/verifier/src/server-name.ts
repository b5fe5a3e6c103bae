import { isIPv4, isIPv6 } from 'node:net';

import { equalBytes } from '@touchmark/der';
import type { GeneralName } from '@touchmark/x509';

import { isHostName } from './dns-name.js';

/**
 * Whether a certificate with these names is for the server that was asked for: RFC 9525 section 6, by DNS name or IP address in
 * subjectAltName, never by a common name. An address is asked for as text, an IPv6 one with or without brackets, and found among
 * iPAddress alone. `*` stands for exactly one whole leftmost label and never for what stands below a top-level domain (`*.com`); a name
 * that is not ASCII matches nothing: hand in A-labels.
 */
export function matchesServerName(names: readonly GeneralName[], serverName: string): boolean {
  const address = addressOctets(serverName);
  if (address !== undefined) return names.some((name) => name.kind === 'iPAddress' && equalBytes(name.value, address));
  // The root's dot is for resolvers; certificates name without it.
  const host = serverName.endsWith('.') ? serverName.slice(0, -1) : serverName;
  // Asked before letters change: the lower case of some that are not ASCII is.
  if (!isHostName(host)) return false;
  const asked = host.toLowerCase();
  return names.some((name) => name.kind === 'dNSName' && matches(name.value.toLowerCase(), asked));
}

function matches(presented: string, asked: string): boolean {
  if (!presented.startsWith('*.')) return presented === asked;
  const parent = presented.slice(2);
  const dot = asked.indexOf('.');
  return parent.includes('.') && dot > 0 && asked.slice(dot + 1) === parent;
}

function addressOctets(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return isIPv6(bare) && !bare.includes('%') ? ipv6Octets(bare) : undefined;
}

// `isIPv6` has checked the form: at most one `::`, an IPv4 tail only at the end.
function ipv6Octets(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const before = groupOctets(head);
  const after = tail === undefined ? [] : groupOctets(tail);
  const zeros = Array.from({ length: 16 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after]);
}

function groupOctets(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 0xff];
  });
}
