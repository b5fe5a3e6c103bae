const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i;
const MAX_NAME = 253;

/**
 * Whether a dNSName is in preferred name syntax (RFC 5280 4.2.1.6: RFC 1034 3.5 as RFC 1123 2.1 changed it): labels of letters,
 * digits and hyphens. What asterisks mean the RFC leaves open, so one may stand in any label.
 */
export function isPreferredName(name: string): boolean {
  // an asterisk counts as a letter
  return (
    name.length <= MAX_NAME &&
    name
      .replaceAll('*', 'x')
      .split('.')
      .every((label) => LABEL.test(label))
  );
}

/** Whether a dNSName has no asterisk but a whole first label above two labels: what stands below a top-level domain is nobody's. */
export function isWebWildcard(name: string): boolean {
  const [first, ...rest] = name.split('.');
  if (!name.includes('*')) return true;
  return first === '*' && rest.length >= 2 && !rest.some((label) => label.includes('*'));
}

/**
 * What a text would be as the name of a server. Whatever ends in a number is an address, well formed or not, as browsers take it (WHATWG
 * URL, "ends in a number").
 */
export function kindOfName(text: string): 'address' | 'wildcard' | 'host' {
  if (text.startsWith('*.')) return 'wildcard';
  return text.includes(':') || /(?:^|\.)(?:\d+|0x[\da-f]*)$/i.test(text) ? 'address' : 'host';
}
