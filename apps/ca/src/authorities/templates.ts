import { type CertificateTemplate, compileTemplate, type Profile } from '@touchmark/issuance';
import type { StatusListRecord } from '@touchmark/store';
import type { Authorities } from './authorities.js';

/** Compiled templates by profile and status list; a list's URLs never change, so neither does its template. */
export class Templates {
  private readonly authorities: Authorities;
  private readonly byKey = new Map<string, CertificateTemplate>();

  constructor(authorities: Authorities) {
    this.authorities = authorities;
  }

  of(
    profile: Profile,
    list: Pick<StatusListRecord, 'id' | 'authorityId' | 'crlUri' | 'ocspUri' | 'caIssuersUri'>,
  ): CertificateTemplate {
    const key = `${profile.name} ${list.id}`;
    let template = this.byKey.get(key);
    if (!template) {
      template = compileTemplate({
        profile,
        issuer: this.authorities.byId(list.authorityId).issuer,
        publicationPoints: { crl: list.crlUri, ocsp: list.ocspUri, caIssuers: list.caIssuersUri },
      });
      this.byKey.set(key, template);
    }
    return template;
  }
}
