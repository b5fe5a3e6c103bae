// Labels of letters, digits, hyphens and, in practice, underscores. Without the flag u, the flag i maps nothing into ASCII.
const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

// What URL parsers and resolvers take for an IPv4 address in one of its many forms.
const NUMBER_AT_END = /(?:^|\.)(?:\d+|0x[\da-f]*)$/i;

/** Whether a text is a domain name as certificates carry them: ASCII, without the root's dot, no wildcard, of either case. */
export function isDnsName(text: string): boolean {
  return DNS_NAME.test(text);
}

/** Whether it is one that a host can have: nobody takes it for an IP address. */
export function isHostName(text: string): boolean {
  return isDnsName(text) && !NUMBER_AT_END.test(text);
}
