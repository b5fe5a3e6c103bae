import type { OcspSignerOutcome, OcspSignerRequest } from '@touchmark/ca-port';
import { answerEach } from '../ca-error.js';
import type { IssueServiceCertificate } from './issue-service-certificate.js';

/** Certificates for delegated OCSP signers, each issued directly by the CA that it answers for (RFC 6960 section 4.2.2.2). */
export class RenewOcspSigners {
  private readonly issue: IssueServiceCertificate;
  private readonly onError: (error: unknown) => void;

  constructor(issue: IssueServiceCertificate, onError: (error: unknown) => void) {
    this.issue = issue;
    this.onError = onError;
  }

  run(requests: readonly OcspSignerRequest[]): Promise<OcspSignerOutcome[]> {
    return answerEach(
      requests,
      async ({ authorityId, csr }) => {
        const name = `OCSP signer of ${authorityId}`;
        const order = { profile: 'ocsp-signer', authorityId, name, fields: { name }, csr } as const;
        const { certificate, notAfter } = await this.issue.run(order);
        return { ok: true as const, certificate, notAfter };
      },
      this.onError,
    );
  }
}
