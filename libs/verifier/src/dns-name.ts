// Labels of letters, digits, hyphens and, in practice, underscores. Without the flag u, the flag i maps nothing into ASCII.
const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Whether a text is a domain name as certificates carry them: ASCII, without the root's dot, no wildcard, of either case. */
export function isDnsName(text: string): boolean {
  return DNS_NAME.test(text);
}
