/** Whether 16 octets are an IPv4 address in the form of IPv6, `::ffff:192.0.2.1` (RFC 4291 2.5.5.2). */
export function isMappedIpv4(octets: Uint8Array): boolean {
  return octets.length === 16 && octets.subarray(0, 12).every((octet, i) => octet === (i < 10 ? 0 : 0xff));
}
