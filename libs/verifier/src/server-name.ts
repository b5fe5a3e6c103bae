import { isIPv4, isIPv6 } from 'node:net';

import { equalBytes } from '@touchmark/der';
import type { GeneralName } from '@touchmark/x509';

import { isDnsName } from './dns-name.js';

/**
 * Whether a certificate with these names is for the server that was asked for: RFC 9525 section 6, by DNS name or IP address in
 * subjectAltName, never by a common name. `*` stands for exactly one whole leftmost label and never for a public suffix alone
 * (`*.com`); a name that is not ASCII matches nothing: hand in A-labels.
 */
export function matchesServerName(names: readonly GeneralName[], serverName: string): boolean {
  const address = addressOctets(serverName);
  if (address !== undefined) return names.some((name) => name.kind === 'iPAddress' && equalBytes(name.value, address));
  const asked = normalized(serverName);
  return isDnsName(asked) && names.some((name) => name.kind === 'dNSName' && matches(name.value, asked));
}

function matches(presented: string, asked: string): boolean {
  const name = normalized(presented);
  if (!name.startsWith('*.')) return name === asked;
  const parent = name.slice(2);
  const dot = asked.indexOf('.');
  return parent.includes('.') && isDnsName(parent) && dot > 0 && asked.slice(dot + 1) === parent;
}

// DNS names are compared without regard to case, and the root's dot says nothing.
function normalized(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
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
