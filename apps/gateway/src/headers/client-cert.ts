/** RFC 8941 section 3.3.5: a Byte Sequence. */
const byteSequence = (octets: Uint8Array): string => `:${Buffer.from(octets).toString('base64')}:`;

/**
 * RFC 9440: the client's certificate, and what leads from there to the trust anchor, which is left out. `path` runs from the end
 * entity to the anchor, as the verifier built it: never as the client sent it.
 */
export function clientCertHeaders(path: readonly Uint8Array[]): Record<string, string> {
  const [leaf, ...rest] = path;
  if (leaf === undefined) throw new TypeError('a path begins with an end entity');
  const chain = rest.slice(0, -1);
  return {
    'client-cert': byteSequence(leaf),
    ...(chain.length > 0 && { 'client-cert-chain': chain.map(byteSequence).join(', ') }),
  };
}
