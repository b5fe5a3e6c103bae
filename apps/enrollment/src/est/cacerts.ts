import { createHash } from 'node:crypto';
import { encodeCertsOnly } from '@touchmark/est';
import type { Authorities, KnownAuthority } from './authorities.js';

export interface CaCertificates {
  /** Certs-only message, DER. */
  readonly der: Uint8Array;
  /** Changes when the certificates do. */
  readonly version: string;
}

/**
 * cacerts (RFC 7030 section 4.1): what it takes to verify a certificate that EST issues, from its issuer to our root. The CA of
 * the servers is not among them: nothing that it signs is ever issued here, and servers send it themselves.
 */
export class CaCerts {
  private readonly authorities: Authorities;
  private readonly made = new WeakMap<readonly KnownAuthority[], CaCertificates>();

  constructor(authorities: Authorities) {
    this.authorities = authorities;
  }

  async run(): Promise<CaCertificates> {
    const known = await this.authorities.current();
    const found = this.made.get(known) ?? make(known);
    this.made.set(known, found);
    return found;
  }
}

function make(known: readonly KnownAuthority[]): CaCertificates {
  const certificates = known.flatMap(({ kind, certificate }) =>
    kind === 'root' || kind === 'ldevid' ? [certificate.der] : [],
  );
  const der = encodeCertsOnly(certificates);
  return { der, version: createHash('sha256').update(der).digest('hex').slice(0, 32) };
}
