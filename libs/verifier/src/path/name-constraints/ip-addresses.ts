import type { GeneralName } from '@touchmark/x509';

import { isMappedIpv4 } from '../../mapped-address.js';
import { NameForm } from './name-form.js';

interface AddressRange {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

/**
 * Ranges of addresses of their own version: no IPv6 range holds an IPv4 address, in whatever form. One in the form of IPv6 is not
 * read: it would lead out of an excluded IPv4 range.
 */
class IpAddresses extends NameForm<Uint8Array, AddressRange> {
  protected override readName(name: GeneralName): Uint8Array | undefined {
    return name.kind === 'iPAddress' && !isMappedIpv4(name.value) ? name.value : undefined;
  }

  // The parser has seen to it that the mask is as long as the address, and contiguous.
  protected override readSubtree(base: GeneralName): AddressRange | undefined {
    if (base.kind !== 'iPAddress') return undefined;
    const length = base.value.length / 2;
    return { address: base.value.subarray(0, length), mask: base.value.subarray(length) };
  }

  protected override holds({ address, mask }: AddressRange, name: Uint8Array): boolean {
    if (name.length !== address.length) return false;
    return name.every((octet, i) => ((octet ^ (address[i] ?? 0)) & (mask[i] ?? 0)) === 0);
  }
}

export const ipAddresses = new IpAddresses('iPAddress');
