import { isIP } from 'node:net';

/** Whether a URL works only here, or only as long as an address stays: localhost or an IP address. */
export function isLocalUrl(url: string): boolean {
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0;
}
