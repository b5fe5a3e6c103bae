import { equalBytes } from '@touchmark/der';
import type { BasicOcspResponse, SingleResponse } from '@touchmark/x509';

import type { CertIdKey } from './cert-id-key.js';

/** Unproven responses about one certificate: whoever may hand them in can make as many as they like. */
const MAX_FOR_ONE = 4;

/** A response that nobody has asked for yet, so that its signer is not known to be authorized. */
export interface PendingResponse {
  readonly basic: BasicOcspResponse;
  readonly singles: readonly { readonly key: CertIdKey; readonly single: SingleResponse }[];
  readonly octets: number;
}

/** Responses until they are proven, apart from those that are, up to a number of octets; the oldest goes first. */
export class PendingResponses {
  private readonly maxOctets: number;
  private readonly all = new Set<PendingResponse>();
  private readonly byKey = new Map<string, readonly PendingResponse[]>();
  private octets = 0;

  constructor(maxOctets: number) {
    this.maxOctets = maxOctets;
  }

  get size(): number {
    return this.all.size;
  }

  /** False if it is there already. */
  add(response: PendingResponse): boolean {
    const [first] = response.singles;
    if (first !== undefined && this.of(first.key).some((standing) => isSame(standing, response))) return false;
    this.all.add(response);
    this.octets += response.octets;
    for (const { key } of response.singles) {
      const others = this.of(key);
      this.byKey.set(nameOf(key), [...others, response]);
      const [oldest] = others;
      if (oldest !== undefined && others.length >= MAX_FOR_ONE) this.remove(oldest);
    }
    for (const oldest of this.all) {
      if (this.octets <= this.maxOctets) break;
      this.remove(oldest);
    }
    return true;
  }

  /** In the order in which they came. */
  of(key: CertIdKey): readonly PendingResponse[] {
    return this.byKey.get(nameOf(key)) ?? [];
  }

  remove(response: PendingResponse): void {
    if (!this.all.delete(response)) return;
    this.octets -= response.octets;
    for (const { key } of response.singles) {
      const others = this.of(key).filter((other) => other !== response);
      if (others.length > 0) this.byKey.set(nameOf(key), others);
      else this.byKey.delete(nameOf(key));
    }
  }
}

function isSame(a: PendingResponse, b: PendingResponse): boolean {
  return (
    equalBytes(a.basic.tbsResponseData, b.basic.tbsResponseData) && equalBytes(a.basic.signature, b.basic.signature)
  );
}

function nameOf({ issuer, serialNumber }: CertIdKey): string {
  return issuer + serialNumber;
}
