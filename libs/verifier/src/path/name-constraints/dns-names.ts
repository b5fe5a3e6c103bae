import type { GeneralName } from '@touchmark/x509';

import { isDnsName } from '../../dns-name.js';
import { NameForm } from './name-form.js';

/** Lower case. `*.example.com` has the domain `example.com`, and stands for each name with one label more (RFC 9525 6.3). */
interface DnsName {
  readonly domain: string;
  readonly wildcard: boolean;
}

/**
 * A base holds itself and what has labels more on the left; the empty one holds everything. Leading dots, wildcards and the root's dot
 * have no place in it.
 */
class DnsNames extends NameForm<DnsName, string> {
  protected override readName(name: GeneralName): DnsName | undefined {
    if (name.kind !== 'dNSName') return undefined;
    const wildcard = name.value.startsWith('*.');
    const domain = wildcard ? name.value.slice(2) : name.value;
    return isDnsName(domain) ? { domain: domain.toLowerCase(), wildcard } : undefined;
  }

  protected override readSubtree(base: GeneralName): string | undefined {
    if (base.kind !== 'dNSName' || (base.value !== '' && !isDnsName(base.value))) return undefined;
    return base.value.toLowerCase();
  }

  protected override holds(subtree: string, { domain }: DnsName): boolean {
    return subtree === '' || domain === subtree || (domain.endsWith(subtree) && domain.at(-subtree.length - 1) === '.');
  }

  // A wildcard reaches names deeper than its own domain: `*.example.com` is also `bar.example.com` (CVE-2025-61727).
  protected override touches(subtree: string, name: DnsName): boolean {
    return this.holds(subtree, name) || (name.wildcard && parentOf(subtree) === name.domain);
  }
}

export const dnsNames = new DnsNames('dNSName');

function parentOf(domain: string): string | undefined {
  const dot = domain.indexOf('.');
  return dot < 0 ? undefined : domain.slice(dot + 1);
}
