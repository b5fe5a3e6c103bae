import type { OcspSignerOutcome, OcspSignerRequest } from '@touchmark/ca-port';
import { asRefusal } from '../ca-error.js';
import type { IssueServiceCertificate } from './issue-service-certificate.js';

/** Certificates for delegated OCSP signers, each issued directly by the CA that it answers for (RFC 6960 section 4.2.2.2). */
export class RenewOcspSigners {
  private readonly issue: IssueServiceCertificate;

  constructor(issue: IssueServiceCertificate) {
    this.issue = issue;
  }

  async run(requests: readonly OcspSignerRequest[]): Promise<OcspSignerOutcome[]> {
    const outcomes: OcspSignerOutcome[] = [];
    for (const { authorityId, csr } of requests) {
      const name = `OCSP signer of ${authorityId}`;
      const order = { profile: 'ocsp-signer', authorityId, name, fields: { name }, csr } as const;
      outcomes.push(
        await this.issue
          .run(order)
          .then(({ certificate, notAfter }): OcspSignerOutcome => ({ ok: true, certificate, notAfter }), asRefusal),
      );
    }
    return outcomes;
  }
}
