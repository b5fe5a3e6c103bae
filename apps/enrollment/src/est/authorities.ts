import { type AuthorityDescription, type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { type Certificate, parseCertificate } from '@touchmark/x509';

/** Seconds after which the CA is asked again: how long a new issuing CA may go unnoticed here. */
const KEPT_FOR = 60;

export interface KnownAuthority {
  readonly kind: AuthorityDescription['kind'];
  readonly certificate: Certificate;
}

/**
 * The CA's hierarchy, asked for once a minute. An authority stays the same object as long as its certificate does, since the
 * verifier keeps what it found out about those.
 */
export class Authorities {
  private readonly ca: Pick<CaPort, 'describeAuthorities'>;
  private readonly now: () => number;
  private known: readonly KnownAuthority[] = [];
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(ca: Pick<CaPort, 'describeAuthorities'>, now: () => number) {
    this.ca = ca;
    this.now = now;
  }

  /** The same array until something changes. Rejects with CaUnavailableError only while nothing is known yet. */
  async current(): Promise<readonly KnownAuthority[]> {
    if (Math.abs(this.now() - this.askedAt) >= KEPT_FOR) {
      this.asking ??= this.ask().finally(() => {
        this.asking = undefined;
      });
      await this.asking;
    }
    return this.known;
  }

  private async ask(): Promise<void> {
    try {
      const described = await this.ca.describeAuthorities();
      const next = described.map((authority) => this.remembered(authority) ?? parse(authority));
      const same = next.length === this.known.length && next.every((authority, i) => authority === this.known[i]);
      if (!same) this.known = next;
      this.askedAt = this.now();
    } catch (error) {
      // Certificates do not stop being true while the CA is away.
      if (!(error instanceof CaUnavailableError) || this.known.length === 0) throw error;
    }
  }

  private remembered({ kind, certificate }: AuthorityDescription): KnownAuthority | undefined {
    return this.known.find((one) => one.kind === kind && equalBytes(one.certificate.der, certificate));
  }
}

const parse = ({ kind, certificate }: AuthorityDescription): KnownAuthority => ({
  kind,
  certificate: parseCertificate(certificate),
});
