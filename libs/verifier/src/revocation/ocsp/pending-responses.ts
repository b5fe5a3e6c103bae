import { equalBytes } from '@touchmark/der';
import type { BasicOcspResponse, SingleResponse } from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';
import { type CertIdKey, nameOf } from './cert-id-key.js';

/** Unproven responses about one certificate: whoever may hand them in can make as many as they like. */
const MAX_FOR_ONE = 4;

/** A response whose signer is not known to be authorized, or one that found no room for all that it says. */
export interface PendingResponse {
  readonly basic: BasicOcspResponse;
  readonly singles: readonly { readonly key: CertIdKey; readonly single: SingleResponse }[];
  readonly octets: number;
  /** Delegates that were none, by the SHA-256 of their certificates: they are not tried on it again. */
  readonly refused: Set<string>;
  /** Whose it was found to be, all the same. */
  proven?: { readonly issuerKey: Uint8Array; readonly delegate: PathCertificate | undefined };
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

  /** Nothing happens if it is there already. */
  add(response: PendingResponse): void {
    const [first] = response.singles;
    if (first !== undefined && this.of(first.key).some((standing) => isSame(standing, response))) return;
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

// Nobody signs the certificates in it: with others it is another one, which may be proven where this one is not.
function isSame({ basic: a }: PendingResponse, { basic: b }: PendingResponse): boolean {
  return (
    equalBytes(a.tbsResponseData, b.tbsResponseData) &&
    equalBytes(a.signature, b.signature) &&
    a.certs.length === b.certs.length &&
    a.certs.every((der, i) => equalBytes(der, b.certs[i] ?? new Uint8Array()))
  );
}
