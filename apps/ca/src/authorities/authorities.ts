import type { AuthorityDescription, AuthorityKind } from '@touchmark/ca-port';
import { type Issuer, loadIssuer, type Profile, type Signer } from '@touchmark/issuance';
import type { AuthorityRecord } from '@touchmark/store';
import { parseCertificate } from '@touchmark/x509';
import { CaError } from '../ca-error.js';

/** An issuing CA whose key this process holds. */
export interface IssuingAuthority {
  readonly id: string;
  readonly kind: Exclude<AuthorityKind, 'root'>;
  readonly issuer: Issuer;
}

/** Opens the signer of an authority's key. */
export type OpenSigner = (authorityId: string, subjectPublicKeyInfo: Uint8Array) => Promise<Signer>;

/** The hierarchy as this process serves it: the root's certificate without its key, and the issuing CAs. */
export class Authorities {
  private readonly records: readonly AuthorityRecord[];
  private readonly issuing: readonly IssuingAuthority[];

  private constructor(records: readonly AuthorityRecord[], issuing: readonly IssuingAuthority[]) {
    this.records = records;
    this.issuing = issuing;
  }

  static async load(records: readonly AuthorityRecord[], openSigner: OpenSigner): Promise<Authorities> {
    const issuing: IssuingAuthority[] = [];
    for (const { id, kind, certificate } of records) {
      if (kind === 'root') continue;
      const signer = await openSigner(id, parseCertificate(certificate).subjectPublicKeyInfo);
      issuing.push({ id, kind, issuer: loadIssuer(certificate, signer, kind) });
    }
    return new Authorities(records, issuing);
  }

  byId(id: string): IssuingAuthority {
    const authority = this.issuing.find((a) => a.id === id);
    if (!authority) throw new CaError('AUTHORITY_UNKNOWN');
    return authority;
  }

  get rootCertificate(): Uint8Array {
    const root = this.records.find((record) => record.kind === 'root');
    if (!root) throw new CaError('AUTHORITY_UNKNOWN');
    return root.certificate;
  }

  /** Whether this process holds the key of that authority. */
  holds(id: string): boolean {
    return this.issuing.some((a) => a.id === id);
  }

  /** The issuing CA that certificates of this profile come from; profiles that every CA may issue name theirs themselves. */
  forProfile(profile: Profile): IssuingAuthority {
    const authority = this.issuing.find((a) => profile.issuers.includes(a.kind));
    if (!authority) throw new CaError('AUTHORITY_UNKNOWN');
    return authority;
  }

  describe(): AuthorityDescription[] {
    return this.records.map(({ id, kind, certificate }) => ({ id, kind, certificate }));
  }
}
