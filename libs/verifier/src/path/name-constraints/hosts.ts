import { isHostName } from '../../dns-name.js';

/** What a constraint on mailboxes or URIs says of hosts: `host.example` is that host alone, `.example` every host below it. */
export interface HostSubtree {
  /** Lower case, without the leading dot. */
  readonly domain: string;
  readonly below: boolean;
}

export function readHostSubtree(text: string): HostSubtree | undefined {
  const below = text.startsWith('.');
  const domain = readHost(below ? text.slice(1) : text);
  return domain === undefined ? undefined : { domain, below };
}

export function holdsHost({ domain, below }: HostSubtree, host: string): boolean {
  return below ? host.endsWith(domain) && host.at(-domain.length - 1) === '.' : host === domain;
}

/** A host that is a domain name, lower case; undefined for IP addresses and what somebody may take for one. */
export function readHost(text: string): string | undefined {
  return isHostName(text) ? text.toLowerCase() : undefined;
}
